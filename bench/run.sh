#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures Tenon against other engines; arguments go to run.py. Expects the release build (`make bench` sees to that).
# The peers live in an environment of their own, .venv-bench; models, plans and the user's layer in build/bench.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv-bench/bin/python
if ! cmp -s bench/requirements.txt .venv-bench/requirements.txt; then
  echo "bench: installing the other engines into .venv-bench (once; 2 GB)"
  "${PYTHON:-python3}" -m venv --clear .venv-bench
  $python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
  cp bench/requirements.txt .venv-bench/requirements.txt
fi

models=build/bench/models
if [[ ! -f $models/complete || bench/models.py -nt $models/complete || bench/requirements.txt -nt $models/complete ]]; then
  echo "bench: making the models (once)"
  $python bench/models.py --out $models
  touch $models/complete
fi

# The user's layer, built as a user would: against an installed Tenon.
plugin=build/bench/clip_layer
cmake --install build/release --prefix build/bench/prefix >/dev/null
cmake -S examples/clip_layer -B $plugin -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$PWD/build/bench/prefix" >/dev/null
cmake --build $plugin >/dev/null

PYTHONPATH=build/release/python exec $python bench/run.py --plugin $plugin/libclip.so "$@"
