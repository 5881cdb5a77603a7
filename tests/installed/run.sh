#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs a build and uses it as a stranger would: tests/installed/run.sh <build folder>. The installed tree is moved
# once, so that nothing in it can depend on where it was put, or on the virtual environment's libraries.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")" && pwd)
build=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/elsewhere" >"$scratch/log"
mv "$scratch/elsewhere" "$scratch/prefix"
cmake -S "$source_dir" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$scratch/prefix" >>"$scratch/log"
cmake --build "$scratch/build" >>"$scratch/log" || { cat "$scratch/log"; exit 1; }

expect() {  # expect <text> <command>...: the command's output has the text
  local text=$1 output
  shift
  output=$("$@" 2>&1) || true
  [[ $output == *"$text"* ]] || { printf '%s\nprinted: %s\ninstead of: %s\n' "$*" "$output" "$text"; exit 1; }
}

cd "$scratch/build"
./make_plan "$source_dir/../../examples/lenet5/lenet5.pb" ./libdoubling.so lenet5.plan
expect "sum 1.000" ./run_plan lenet5.plan ./libdoubling.so
expect "Doubling" ./run_plan lenet5.plan  # Without its layer, the plan says what is missing.
expect "InputLayer" "$scratch/prefix/bin/tenon" inspect lenet5.plan
expect "libtenon-runtime.so.0.1 => $scratch/prefix" ldd run_plan
expect "libdnnl.so.3 => $scratch/prefix" ldd run_plan
echo "installed, found, built, and run"
