#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The whole journey, step by step, into build/demo: a trained TensorFlow graph, its ReLU6 mapped to a layer of the user's
# own (surgery), converted to UFF, compiled from that into one plan, and pictures of handwritten digits read by it; and
# the plan of the .pb, which gives the same bits. Run by `make demo`, which builds what it needs first.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=build/demo
prefix=$PWD/$out/prefix
model=examples/lenet5/lenet5.pb
layer='CustomClipPlugin(clipMin=0.0, clipMax=6.0)'
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { printf '  $ %s\n' "$*"; }
nodes() { "$tenon" inspect "$1" --json --nodes | "$python" -c '
import json, sys
for node in json.load(sys.stdin)["graph"]:
    print("    {:18} {}".format(node["op"], node["name"]))'; }

mkdir -p "$out"
cmake --install build/release --prefix "$prefix" > "$out/install.log"
tenon=$prefix/bin/tenon
python=.venv/bin/python

say '1. The layer: examples/clip_layer/clip.cpp, a CMake project of its own that finds the installed Tenon'
sed -n '/^struct/,$p' examples/clip_layer/clip.cpp | sed 's/^/    /'
cmake -S examples/clip_layer -B "$out/clip_layer" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$prefix" > "$out/clip_layer.log"
cmake --build "$out/clip_layer" >> "$out/clip_layer.log"
plugin=$(find "$out/clip_layer" -name '*clip*.so' | head -n 1)
"$tenon" layers --plugin "$plugin"

say '2. The model: a LeNet5 that TensorFlow trained on MNIST, frozen; ReLU6 is the operator to replace'
"$tenon" inspect "$model"
nodes "$model"

say '3. Surgery: the namespace ReLU6 becomes one node, the layer'
"$tenon" surgery "$model" --map "ReLU6=$layer" -o "$out/mapped.pb"
nodes "$out/mapped.pb"

say '4. TensorFlow to UFF, and its text form: the reshaping idiom is a Flatten, the layer a custom operation'
"$tenon" convert "$out/mapped.pb" "$out/lenet5.uff" --text --output OutputLayer/Softmax
nodes "$out/lenet5.uff"

say '5. The .uff and the .pb are compiled, each into one plan file'
"$tenon" compile "$out/lenet5.uff" --plugin "$plugin" --input InputLayer:1,28,28 -o "$out/lenet5.plan"
"$tenon" compile "$out/mapped.pb" --plugin "$plugin" -o "$out/lenet5_pb.plan"
nodes "$out/lenet5.plan"

say '6. A new process loads the plan and reads handwritten digits'
"$tenon" run "$out/lenet5.plan" --plugin "$plugin" --prepare digit --show --labels-from-names \
  --input examples/digits/*.png

say '7. Both plans give the same numbers'
"$tenon" run "$out/lenet5.plan" --plugin "$plugin" --prepare digit --input examples/digits/*.png \
  -o "$out/probabilities.npz" > /dev/null
"$tenon" run "$out/lenet5_pb.plan" --plugin "$plugin" --prepare digit --input examples/digits/*.png \
  --expect "$out/probabilities.npz" --tolerance 0 | tail -n 12

say 'The same by hand:'
show "tenon=$prefix/bin/tenon"
show "\$tenon convert $model lenet5.uff --text --map 'ReLU6=$layer' --output OutputLayer/Softmax"
show "\$tenon compile lenet5.uff --plugin $plugin --input InputLayer:1,28,28 -o lenet5.plan"
show "\$tenon run lenet5.plan --plugin $plugin --prepare digit --show --input examples/digits/3_chalk.png"
