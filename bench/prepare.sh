# SPDX-License-Identifier: Apache-2.0
#
# Sourced by what measures, in the repository's root: sets up the environment of the other engines, .venv-bench, and the
# models and the user's layer in build/bench. Expects the release build (`make bench` sees to that).

python=.venv-bench/bin/python
models=build/bench/models
plugin=build/bench/clip_layer/libclip.so

# Installs what bench/$1 lists, unless that is done. With "optional" as $2, what cannot be had is named and left out.
install_peers() {
  local stamp=.venv-bench/$1 line
  ! cmp -s "bench/$1" "$stamp" || return 0
  echo "bench: installing what bench/$1 lists into .venv-bench (once)"
  [[ -x $python ]] || "${PYTHON:-python3}" -m venv .venv-bench
  local pip=($python -m pip install --quiet --disable-pip-version-check)
  if [[ ${2:-} == optional ]]; then
    while read -r line; do
      "${pip[@]}" "$line" || echo "bench: $line cannot be installed here and is left out"
    done < <(sed -e 's/#.*//' -e '/^ *$/d' "bench/$1")
  else
    "${pip[@]}" -r "bench/$1"
  fi
  cp "bench/$1" "$stamp"
}

make_models() {
  local complete=$models/complete
  if [[ ! -f $complete || bench/models.py -nt $complete || bench/requirements.txt -nt $complete ]]; then
    echo "bench: making the models (once)"
    $python bench/models.py --out $models
    touch $complete
  fi
}

# The user's layer, built as a user would: against an installed Tenon.
build_plugin() {
  local folder=${plugin%/*}
  cmake --install build/release --prefix build/bench/prefix >/dev/null
  cmake -S examples/clip_layer -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$PWD/build/bench/prefix" >/dev/null
  cmake --build "$folder" >/dev/null
}

install_peers requirements.txt
make_models
build_plugin
export PYTHONPATH=build/release/python
