#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures users' own layers, in Tenon and elsewhere; arguments go to run.py.
set -euo pipefail
cd "$(dirname "$0")/../.."

source bench/prepare.sh
install_peers requirements-layers.txt optional

libraries=build/bench/layers
peers=bench/layers/peers
mkdir -p $libraries

# Builds the library of a user's operator: build_operator <engine> <flags>...
build_operator() {
  local library=$libraries/librelu6_$1.so source=$peers/relu6_$1.cpp
  [[ $library -nt $source && $library -nt bench/requirements.txt ]] && return
  "${CXX:-c++}" -std=c++17 -O3 -march=native -shared -fPIC "$source" "${@:2}" -o $library ||
    echo "bench: $source cannot be built here"
}

build_operator onnxruntime -I $peers
openvino=$($python -c 'import importlib.util as u; print(u.find_spec("openvino").submodule_search_locations[0])')
build_operator openvino -I "$openvino/include" "$openvino"/libs/libopenvino.so.*

if [[ ! $libraries/mobilenet_v2.param -nt bench/layers/mobilenet_torch.py ]]; then
  $python bench/layers/mobilenet_torch.py $libraries >/dev/null || echo "bench: the model for ncnn cannot be made here"
fi

export TORCHINDUCTOR_CACHE_DIR=$PWD/$libraries/torch NUMBA_CACHE_DIR=$PWD/$libraries/numba PYTHONPATH=$PYTHONPATH:bench
exec $python bench/layers/run.py --plugin $plugin "$@"
