#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that `make demo` needs nothing but a bare system: sets one up in a chroot, clones the last commit into it, and
# runs a make target there, twice, with the wall time of each. Needs root and debootstrap.
#
#   tools/bare_system.sh [debian|trixie|ubuntu] [target]        default: debian (12) demo
#
# The system lies in build/bare/<name>; what is there is removed first. The package mirror and the settings for apt, pip
# and certificates are this machine's.
set -euo pipefail
cd "$(dirname "$0")/.."

name=${1:-debian}
target=${2:-demo}
[[ $(id -u) == 0 ]] || { echo "$0: needs root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "$0: needs debootstrap (apt-get install debootstrap)" >&2; exit 2; }

mirror_of() {  # mirror_of <part of its path>: the first mirror that apt is configured with
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{sources,list} 2>/dev/null | sed 's/#.*//' |
    grep -oE "https?://[^ ]+$1/?" | head -1
}

case $name in
  debian) suite=bookworm components=main mirror=$(mirror_of /debian || true) ;;
  trixie) suite=trixie components=main mirror=$(mirror_of /debian || true) ;;
  ubuntu) suite=noble components=main,universe mirror=${UBUNTU_MIRROR:-$(mirror_of /ubuntu || true)} ;;
  *) echo "usage: $0 [debian|trixie|ubuntu] [target]" >&2; exit 2 ;;
esac
[[ -n $mirror ]] || { echo "$0: apt is configured with no mirror of $name (for Ubuntu: set UBUNTU_MIRROR)" >&2; exit 2; }

root=build/bare/$name
unmount() { for point in proc dev/pts dev sys; do umount "$root/$point" 2>/dev/null || true; done; }
trap unmount EXIT
unmount
# What is still mounted there is the machine's own: an earlier run that was killed may have left processes behind.
if grep -q " $PWD/$root/" /proc/mounts; then
  echo "$0: something below $root is in use; end it, and unmount what /proc/mounts lists there" >&2
  exit 1
fi
rm -rf --one-file-system "$root"
mkdir -p "$root"

echo "=== a bare $suite in $root"
debootstrap --variant=minbase --components="$components" --include=make,git,ca-certificates \
  "$suite" "$root" "$mirror" >"$root.log" 2>&1 || { tail "$root.log" >&2; exit 1; }
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
mount --bind /sys "$root/sys"

# How this machine reaches package mirrors: apt's configuration, trusted certificates and pip's settings.
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp /etc/pip.conf "$root/etc/" 2>/dev/null || true
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
settings=()
while IFS= read -r -d '' variable; do
  case $variable in
    PIP_FIND_LINKS=*) ;;  # a folder of this machine
    PIP_* | *_proxy=* | *_PROXY=* | *CERT* | *CA_BUNDLE*) [[ $variable == *$'\n'* ]] || settings+=("$variable") ;;
  esac
done < <(env -0)

git clone --quiet . "$root/root/tenon"
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "${settings[@]}" chroot "$root" bash -c "cd ~/tenon && $1"; }
for attempt in first second; do
  echo "=== make $target, $attempt time, $(nproc) cores"
  start=$SECONDS
  inside "make $target"
  echo "=== make $target, $attempt time: $((SECONDS - start)) s"
done
