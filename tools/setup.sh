#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what Tenon needs: tools/setup.sh demo | build | test   (each includes the one before; `demo` does without LLVM)
# Distribution packages (the missing ones only, with sudo when not root) and the virtual environment .venv with the
# pinned packages of requirements/. Done once, it takes a fraction of a second: a stamp in .venv holds the hash of the
# requirements it was filled from.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  demo) sets=(build) packages=(build) ;;
  build) sets=(build) packages=(build codegen) ;;
  test) sets=(build test) packages=(build codegen test) ;;
  *) echo "usage: $0 demo|build|test" >&2; exit 2 ;;
esac

packages_of() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@"; }

# Runs a command; what it prints is shown only when it fails.
quietly() {
  local output
  output=$("$@" 2>&1 </dev/null) || { local code=$?; printf '%s\n' "$output" >&2; return "$code"; }
}

install_packages() {
  local wanted missing=() sudo=()
  local lists=()
  for set in "${packages[@]}"; do lists+=("requirements/apt-$set.txt"); done
  mapfile -t wanted < <(packages_of "${lists[@]}")
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: not a Debian or Ubuntu system; please provide the equivalents of: ${wanted[*]}" >&2
    return
  fi
  local -A installed
  local package choice
  while read -r package; do installed[$package]=1; done \
    < <(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' | sed -n 's/^ii *//p')
  for choice in "${wanted[@]}"; do  # "one | another": either will do
    for package in ${choice//|/ }; do
      [[ -z ${installed[$package]:-} ]] || continue 2
    done
    missing+=("$choice")
  done
  ((${#missing[@]})) || return 0
  echo "setup: installing ${missing[*]}"
  [[ $(id -u) == 0 ]] || sudo=(sudo)
  quietly "${sudo[@]}" apt-get update
  local i
  for i in "${!missing[@]}"; do
    for package in ${missing[i]//|/ }; do
      if apt-cache show "$package" >/dev/null 2>&1; then break; fi
    done
    missing[i]=$package
  done
  quietly "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"
}

install_python() {
  local files=() stamp=".venv/.setup-${sets[-1]}" hash
  for set in "${sets[@]}"; do files+=("requirements/$set.txt"); done
  hash=$(cat "${files[@]}" | sha256sum | cut -d' ' -f1)
  [[ -f $stamp && $(cat "$stamp") == "$hash" && -x .venv/bin/python ]] && return
  echo "setup: filling .venv from ${files[*]}"
  [[ -x .venv/bin/python ]] || "${PYTHON:-python3}" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "${files[@]/#/-r}"
  echo "$hash" >"$stamp"
}

install_packages
install_python
