#!/usr/bin/env bash
# The engine on a platform without a code generator: builds `trapeze` for AArch64 Linux, runs it under qemu, and checks
# that creating an engine fails and names the platform. Prints `1 passed, 0 failed`.
#
#   tools/check_cross.sh [JOBS]      needs g++-aarch64-linux-gnu, qemu-user, and the packages of `tools/setup run`
#
# fmt and CLI11 are taken as headers, so that no package of another architecture is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-$(nproc)}
build=build/cross
triple=aarch64-linux-gnu

for program in $triple-g++ $triple-gcc qemu-aarch64 cmake ninja; do
  command -v $program >/dev/null || { echo "check_cross: $program is not installed"; exit 1; }
done

packages=$PWD/$build/packages
mkdir -p "$packages/include"
for header in fmt CLI; do
  ln -sfn "/usr/include/$header" "$packages/include/$header"
done
cat >"$packages/fmtConfig.cmake" <<'CMAKE'
add_library(fmt::fmt INTERFACE IMPORTED)
set_target_properties(fmt::fmt PROPERTIES INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1
                      INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_LIST_DIR}/include)
CMAKE
cat >"$packages/CLI11Config.cmake" <<'CMAKE'
add_library(CLI11::CLI11 INTERFACE IMPORTED)
set_target_properties(CLI11::CLI11 PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_LIST_DIR}/include)
CMAKE
for package in fmt CLI11; do
  printf 'set(PACKAGE_VERSION_COMPATIBLE TRUE)\n' >"$packages/${package}ConfigVersion.cmake"
done

cmake -S . -B $build -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_C_COMPILER=$triple-gcc -DCMAKE_CXX_COMPILER=$triple-g++ -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
  -DTRAPEZE_WERROR=ON -Dfmt_DIR="$packages" -DCLI11_DIR="$packages" -DCMAKE_DISABLE_FIND_PACKAGE_doctest=ON >$build/configure.log
cmake --build $build --parallel "$jobs" --target trapeze_cli >$build/build.log || { tail -40 $build/build.log; exit 1; }

status=0
qemu-aarch64 -L /usr/$triple $build/trapeze run examples/throws.wasm >$build/out 2>&1 || status=$?
cat $build/out
if [ $status = 1 ] && grep -q 'no code generator for Linux aarch64 yet' $build/out; then
  echo "1 passed, 0 failed"
else
  echo "FAIL exit status $status, or another message"
  echo "0 passed, 1 failed"
  exit 1
fi
