#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: install-packages.sh build|test|full
#
# Installs, by name and through the system's package manager, what building
# libcfkit (and running its tools on examples), its tests, or its full tests
# need. Says nothing and touches nothing when all of it is there.
set -eu

build="gcc libc6-dev meson ninja-build pkg-config libmbedtls-dev libzstd-dev libargon2-dev
    libjansson-dev libyaml-dev libcurl4-openssl-dev openssl ca-certificates"
test="$build check zstd binutils mandoc procps libssl-dev"
full="$test clang libclang-rt-dev llvm g++ valgrind strace musl-tools shellcheck clang-format libglib2.0-dev uthash-dev libuv1-dev xdelta3
    chromium gunicorn haproxy lighttpd nginx-light nodejs php-fpm puma python3 uvicorn
    golang-go luajit rustc"

case "${1:-}" in
build) wanted=$build ;;
test) wanted=$test ;;
full) wanted=$full ;;
*)
    echo "usage: $0 build|test|full" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null 2>&1; then
    echo "No apt-get here. What libcfkit needs has these names on Debian:" >&2
    echo "$wanted" | tr -s ' \n' ' ' >&2
    echo >&2
    exit 0
fi

missing=
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    command -v sudo >/dev/null 2>&1 || {
        echo "As root, run: apt-get install$missing" >&2
        exit 1
    }
fi
echo "Installing:$missing" >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086 # names, to be split
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
