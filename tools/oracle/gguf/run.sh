#!/usr/bin/env bash
# Records again what llama.cpp makes of models: test/fixtures/gguf. Needs cmake, a C++ compiler and the package index.
#   tools/oracle/gguf/run.sh [types] [models] [mixes] [NAME...]   no step = all; NAME = models of cases.json, none = all
# llama.cpp's source comes from the source package of llama-cpp-python (requirements.txt has the version), so that one
# package index is enough. Everything lies outside the repository: ROOFLENS_ORACLE, else ~/.cache/rooflens/oracle.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${ROOFLENS_ORACLE:-$HOME/.cache/rooflens/oracle}/gguf"
release="$(sed -n 's/^# llama-cpp-python==//p' "$here/requirements.txt")"
source="$home/llama_cpp_python-$release/vendor/llama.cpp"

mkdir -p "$home"
[ -x "$home/venv/bin/python" ] || python3 -m venv "$home/venv"
if ! cat "$here/../requirements.txt" "$here/requirements.txt" | cmp -s - "$home/requirements.txt"; then
  "$home/venv/bin/pip" install --quiet -r "$here/../requirements.txt" -r "$here/requirements.txt"
  cat "$here/../requirements.txt" "$here/requirements.txt" > "$home/requirements.txt"
fi
if [ ! -d "$source" ]; then
  (cd "$home" && PATH="$home/venv/bin:$PATH" "$home/venv/bin/pip" download --quiet --no-deps --no-build-isolation \
    --no-binary :all: "llama-cpp-python==$release" && tar xzf "llama_cpp_python-$release.tar.gz")
fi
if [ ! -x "$home/build/bin/llama-quantize" ]; then
  cmake -S "$source" -B "$home/build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_OPENMP=OFF \
    -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF
  nice cmake --build "$home/build" --target llama-quantize -j "$(nproc)"
fi
export PYTHONPATH="$source:$source/gguf-py"
export LLAMA_QUANTIZE="$home/build/bin/llama-quantize" LLAMA_CPP="llama-cpp-python $release, $(
  sed -n "/^## \[$release\]/,/^## /s/.*ggml-org\/\(llama.cpp@[0-9a-f]*\).*/\1/p" "$home/llama_cpp_python-$release/CHANGELOG.md" | head -1
)"
cd "$here" && exec nice "$home/venv/bin/python" -B record.py "$@"
