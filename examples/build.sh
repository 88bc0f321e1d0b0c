#!/usr/bin/env bash
# Rebuilds the modules beside the sources, and what the same programs print natively.
# Needs the toolchain of the test data ($TRAPEZE_TEST_DATA, default ../shared beside the repository) and the Debian
# packages it names: clang-22 lld-22 wasi-libc libc++-22-dev-wasm32 libclang-rt-22-dev-wasm32.
set -euo pipefail
cd "$(dirname "$0")"
tools=${TRAPEZE_TEST_DATA:-../../shared}/toolchain
flags=(-Os -Wall -Wextra -Wl,--strip-all -Wl,--gc-sections)
native=$(mktemp -d)
trap 'rm -rf "$native"' EXIT

"$tools/wasm-c++" -std=c++20 "${flags[@]}" throws.cpp -o throws.wasm
"$tools/wasm-cc" "${flags[@]}" jumps.c -o jumps.wasm
g++ -std=c++20 -O2 -Wall -Wextra throws.cpp -o "$native/throws" && "$native/throws" >throws.expected
gcc -O2 -Wall -Wextra jumps.c -o "$native/jumps" && "$native/jumps" >jumps.expected
ls -l ./*.wasm
