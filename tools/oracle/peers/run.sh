#!/usr/bin/env bash
# Asks other tools again what the models of models.json consist of: test/fixtures/oracle/peers.json. Needs Go and the package
# indices of Python and Go, and the llama.cpp source that ../gguf/run.sh fetches. Then: npm run accuracy
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
oracle="${ROOFLENS_ORACLE:-$HOME/.cache/rooflens/oracle}"
home="$oracle/peers"
release="$(sed -n 's/^# llama-cpp-python==//p' "$here/../gguf/requirements.txt")"
source="$oracle/gguf/llama_cpp_python-$release/vendor/llama.cpp"
[ -d "$source" ] || { echo "run tools/oracle/gguf/run.sh first: no llama.cpp in $source" >&2; exit 1; }

mkdir -p "$home"
lists=("$here/../requirements.txt" "$here/../gguf/requirements.txt" "$here/requirements.txt")
[ -x "$home/venv/bin/python" ] || python3 -m venv "$home/venv"
if ! cat "${lists[@]}" | cmp -s - "$home/requirements.txt"; then
  "$home/venv/bin/pip" install --quiet -r "${lists[0]}" -r "${lists[1]}" -r "${lists[2]}"
  cat "${lists[@]}" > "$home/requirements.txt"
fi
(cd "$here" && go build -o "$home/gguf-parser" .)
(cd "$here/../../.." && node tools/oracle/peers/configs.mjs > "$home/configs.json")
export PYTHONPATH="$source:$source/gguf-py"
cd "$here" && exec nice "$home/venv/bin/python" -B record.py "$home/configs.json" "$home/gguf-parser"
