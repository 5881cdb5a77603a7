#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The first journey: a trained TensorFlow model, a layer of one's own in place of ReLU6, one plan file, and handwritten digits.
# Called by `make demo`, which has built Tenon; everything it makes lies in build/demo.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=build/demo
prefix=$PWD/$out/prefix
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { printf '  $ %s\n' "$*"; }

mkdir -p "$out"
cmake --install build/release --prefix "$prefix" > "$out/install.log"
tenon=$prefix/bin/tenon

say '1. The layer: examples/clip_layer/clip.cpp, a CMake project of its own that finds the installed Tenon'
sed -n '/^struct/,$p' examples/clip_layer/clip.cpp | sed 's/^/    /'
cmake -S examples/clip_layer -B "$out/clip_layer" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$prefix" > "$out/clip_layer.log"
cmake --build "$out/clip_layer" >> "$out/clip_layer.log"
plugin=$(find "$out/clip_layer" -name '*clip*.so' | head -n 1)
"$tenon" layers --plugin "$plugin"

say '2. The model: a LeNet5 that TensorFlow trained on MNIST, frozen; ReLU6 is the operator to replace'
"$tenon" inspect examples/lenet5/lenet5.pb

say '3. ReLU6 is mapped to the layer, and the model compiled into one plan file'
"$tenon" compile examples/lenet5/lenet5.pb --plugin "$plugin" \
  --map 'ReLU6=CustomClipPlugin(clipMin=0, clipMax=6)' -o "$out/lenet5.plan"

say '4. A new process loads the plan and reads handwritten digits'
"$tenon" run "$out/lenet5.plan" --plugin "$plugin" --prepare digit --show --labels-from-names \
  --input examples/digits/*.png

say 'The same by hand:'
show "tenon=$prefix/bin/tenon"
show "\$tenon compile examples/lenet5/lenet5.pb --plugin $plugin --map 'ReLU6=CustomClipPlugin(clipMin=0, clipMax=6)' -o lenet5.plan"
show "\$tenon inspect lenet5.plan --nodes"
show "\$tenon run lenet5.plan --plugin $plugin --prepare digit --show --input examples/digits/3_chalk.png"
