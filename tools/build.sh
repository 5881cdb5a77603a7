#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Configures a preset when that is due and builds it: tools/build.sh <preset> [<target>...]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: $0 <preset> [<target>...]}
shift
[[ build/$preset/build.ninja -nt CMakePresets.json ]] || cmake --preset "$preset" >"/dev/null"
cmake --build --preset "$preset" ${1:+--target "$@"}
