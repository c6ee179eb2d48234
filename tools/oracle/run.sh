#!/usr/bin/env bash
# Records again what the libraries say of their models: test/fixtures/oracle, the class defaults and docs/architectures.md.
#   tools/oracle/run.sh [NAME...]   NAME = a file under tools/oracle/cases without its ending
# The Python environment lies outside the repository: ROOFLENS_ORACLE, else ~/.cache/rooflens/oracle.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${ROOFLENS_ORACLE:-$HOME/.cache/rooflens/oracle}"
if [ ! -x "$home/venv/bin/python" ]; then
  mkdir -p "$home"
  python3 -m venv "$home/venv"
fi
if ! cmp -s "$here/requirements.txt" "$home/requirements.txt"; then
  "$home/venv/bin/pip" install --quiet -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$home/requirements.txt"
fi
cd "$here" && exec "$home/venv/bin/python" -B record.py "$@"
