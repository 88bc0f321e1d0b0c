#!/usr/bin/env bash
# Rebuilds the modules beside the sources. Needs what examples/build.sh needs.
set -euo pipefail
cd "$(dirname "$0")"
tools=${TRAPEZE_TEST_DATA:-../../../shared}/toolchain
"$tools/wasm-c++" -std=c++20 -Os -Wall -Wextra -Wl,--strip-debug -Wl,--gc-sections uncaught.cpp -o uncaught.wasm
ls -l ./*.wasm
