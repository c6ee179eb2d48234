#!/usr/bin/env bash
# Records again what other libraries say of the models in their own files: test/fixtures/descriptions and test/fixtures/files.
# The Python environment lies outside the repository: ROOFLENS_ORACLE, else ~/.cache/rooflens/oracle-files.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${ROOFLENS_ORACLE:-$HOME/.cache/rooflens/oracle-files}"
if [ ! -x "$home/venv/bin/python" ]; then
  mkdir -p "$home"
  python3 -m venv "$home/venv"
fi
for list in requirements reference-code; do
  if ! cmp -s "$here/$list.txt" "$home/$list.txt"; then
    [ "$list" = requirements ] && dependencies="" || dependencies="--no-deps"
    "$home/venv/bin/pip" install --quiet $dependencies -r "$here/$list.txt"
    cp "$here/$list.txt" "$home/$list.txt"
  fi
done
cd "$here"
for script in descriptions onnx_files keras_models; do "$home/venv/bin/python" -B "$script.py"; done
