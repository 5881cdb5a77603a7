#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Configures a preset when that is due and builds it: tools/build.sh <preset> [<target>...]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: $0 <preset> [<target>...]}
shift
cache=build/$preset/CMakeCache.txt
# Again, too, when LLVM has come since.
if [[ ! build/$preset/build.ninja -nt CMakePresets.json ]] ||
  { grep -q '^LLVM_DIR:PATH=.*NOTFOUND' "$cache" && [[ -d /usr/lib/llvm-19/lib/cmake ]]; }; then
  cmake --preset "$preset" >"/dev/null"
fi
cmake --build --preset "$preset" ${1:+--target "$@"}
