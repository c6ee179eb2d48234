#!/usr/bin/env bash
# Records again what the libraries say of their models: test/fixtures/oracle, the class defaults and docs/architectures.md.
#   tools/oracle/run.sh [NAME...]         NAME = a file under tools/oracle/cases without its ending
#   tools/oracle/run.sh table [TYPE...]   finds the table of the classes without a family file again, of all model types or of these
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
if [ "${1:-}" = table ]; then
  cd "$here"
  [ "$#" -gt 1 ] || rm -f "$home/found.jsonl"
  TRANSFORMERS_VERBOSITY=error "$home/venv/bin/python" -B generate.py "$home/found.jsonl" "${@:2}"
  exec "$home/venv/bin/python" -B pack.py "$home/found.jsonl"
fi
cd "$here"
"$home/venv/bin/python" -B record.py "$@"
# What PEFT saves follows from whole runs alone.
[ $# -gt 0 ] || "$home/venv/bin/python" -B adapters.py
