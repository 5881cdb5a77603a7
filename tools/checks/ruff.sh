#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks every Python file with ruff, the linter and the formatter.
set -euo pipefail
cd "$(dirname "$0")/../.."

.venv/bin/ruff check --quiet .
.venv/bin/ruff format --check --quiet --diff .
