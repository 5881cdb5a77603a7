#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures Tenon against other engines; arguments go to run.py.
set -euo pipefail
cd "$(dirname "$0")/.."

source bench/prepare.sh
exec $python bench/run.py --plugin $plugin "$@"
