#!/usr/bin/env bash
# Records again what the quantisation libraries make of small models: test/fixtures/quant.
#   tools/oracle/quant/run.sh [STEP...]   steps as in record.py; none = all
# The Python environment lies outside the repository: ROOFLENS_ORACLE, else ~/.cache/rooflens/oracle. It takes torch and
# transformers from the one that ../run.sh makes.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${ROOFLENS_ORACLE:-$HOME/.cache/rooflens/oracle}"
venv="$home/quant-venv"
if [ ! -x "$home/venv/bin/python" ]; then
  python3 -m venv "$home/venv"
  "$home/venv/bin/pip" install --quiet -r "$here/../requirements.txt"
fi
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  packages() { "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
  packages "$home/venv" > "$(packages "$venv")/oracle.pth"
fi
if ! cmp -s "$here/requirements.txt" "$home/quant-requirements.txt"; then
  # Two packages own the folder `optimum`, and gptqmodel's build looks for torch: one after the other.
  "$venv/bin/pip" install --quiet --prefer-binary --no-build-isolation -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$home/quant-requirements.txt"
fi
cd "$here" && exec nice "$venv/bin/python" -B record.py "$@"
