#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every check, the quick ones first, and lists at the end which failed: tools/checks/all.sh [check...]
# Each check is a program of this folder and runs alone as well.
set -uo pipefail
cd "$(dirname "$0")/../.."

checks=("$@")
((${#checks[@]})) || checks=(
  "format.sh" "ruff.sh" "deps.py" "cmake_sources.py" "spdx.py" "exports.py" "headers.py" "docs_blocks.py" "tidy.py")

failed=()
for check in "${checks[@]}"; do
  start=$EPOCHREALTIME
  if [[ $check == *.py ]]; then runner=(.venv/bin/python); else runner=(bash); fi
  if output=$("${runner[@]}" "tools/checks/$check" 2>&1); then verdict=passed; else verdict=FAILED failed+=("$check"); fi
  printf '%-18s %s  (%.1f s)\n' "$check" "$verdict" \
    "$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"
  [[ -z $output ]] || sed 's/^/    /' <<<"$output"
done
if ((${#failed[@]})); then
  echo "checks that failed: ${failed[*]}" >&2
  exit 1
fi
