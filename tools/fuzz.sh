#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fuzzes every target for a number of seconds: tools/fuzz.sh <seconds> [target...]
# New inputs are collected in build/fuzz/corpus/<target>; one that crashes is left in build/fuzz/crashes, to be fixed and
# then kept in tests/fuzz/corpus/<target>, which `make test` replays.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?usage: $0 <seconds> [target...]}
shift
targets=("$@")
if ((!${#targets[@]})); then
  for folder in tests/fuzz/corpus/*/; do targets+=("$(basename "$folder")"); done
fi
tools/build.sh fuzz "${targets[@]}"
mkdir -p build/fuzz/crashes
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
for target in "${targets[@]}"; do
  echo "=== $target, $seconds s"
  mkdir -p "build/fuzz/corpus/$target"
  "build/fuzz/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/crashes/$target-" \
    "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target"
done
