#!/usr/bin/env bash
# Compares configs made at random with what the libraries make of them: tools/oracle/differ.sh [SEED [COUNT [NAME...]]]
# A difference is a bug of ours, or a config that contradicts itself; what is a bug goes into cases/ before it is mended.
# `run.sh` makes the Python environment.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${ROOFLENS_ORACLE:-$HOME/.cache/rooflens/oracle}"
cd "$here/../.."
(cd "$here" && nice "$home/venv/bin/python" -B differ.py "${1:-1}" "${2:-10}" "${@:3}" 2>/dev/null) | node tools/oracle/differ.mjs
