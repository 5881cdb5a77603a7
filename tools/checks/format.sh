#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks with clang-format that every C and C++ file is formatted; --fix formats them, and the Python files with ruff.
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.h' '*.c' '*.cpp' |
  while read -r file; do [[ ! -e $file ]] || echo "$file"; done)
if [[ ${1:-} == --fix ]]; then
  .venv/bin/clang-format -i "${files[@]}"
  .venv/bin/ruff check --fix --quiet . || true
  .venv/bin/ruff format --quiet .
else
  .venv/bin/clang-format --dry-run --Werror "${files[@]}"
fi
