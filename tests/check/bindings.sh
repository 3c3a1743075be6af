# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The bindings in examples/ffi work with the installed library and say the same.
# usage: bindings.sh BUILD
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

build=$1
ffi=$CF_SOURCE/examples/ffi
run 0 env DESTDIR="$work/root" meson install -C "$build" --no-rebuild --quiet
library=$(dirname "$(find "$work/root" -name libcfkit.so.0)")
PKG_CONFIG_PATH=$library/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$work/root
LD_LIBRARY_PATH=$library
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH

version=$(pkg-config --modversion libcfkit)
says() { # what each of them prints
    check "$1: five lines" test "$(wc -l <out)" -eq 5
    out_has "libcfkit $version"
    out_has 'bytes for a page of 7264'
    out_has 'wrong-reference: '
    out_has 'to 3 3'
    out_has 'be 3 3'
    [ -f first ] || cp out first
    check "$1 says what the others say" cmp -s out first
}

if command -v python3 >/dev/null; then
    run 0 env PYTHONDONTWRITEBYTECODE=1 python3 "$ffi/python/cfkit.py"
    says python
else
    skip 'no python3'
fi

if command -v luajit >/dev/null; then
    run 0 luajit "$ffi/lua/cfkit.lua"
    says lua
else
    skip 'no luajit'
fi

if command -v go >/dev/null; then
    run 0 env GOCACHE="$work/go" GO111MODULE=off go build -o pages-go "$ffi/go/main.go"
    run 0 ./pages-go
    says go
else
    skip 'no go'
fi

if command -v rustc >/dev/null; then
    run 0 rustc --edition 2018 -D warnings -L "native=$library" "$ffi/rust/main.rs" -o pages-rust
    run 0 ./pages-rust
    says rust
else
    skip 'no rustc'
fi

headers=$(dirname "$(dirname "$(command -v node)")")/include/node
if [ -f "$headers/node_api.h" ]; then
    # shellcheck disable=SC2046 # options, to be split
    run 0 gcc -shared -fPIC -std=c11 -Wall -Wextra -Werror -isystem "$headers" \
        $(pkg-config --cflags libcfkit) "$ffi/node/cfkit.c" -o cfkit.node $(pkg-config --libs libcfkit)
    cp "$ffi/node/main.js" .
    run 0 node main.js
    says node
    cat >wrong.js <<'END'
const { Reference, Top } = require('./cfkit.node');
for (const call of [() => new Reference(), () => new Reference('text'),
    () => Reference.prototype.encode.call({}, Buffer.alloc(1)),
    () => Top.prototype.add.call(new Reference(Buffer.alloc(1)), Buffer.alloc(1)),
    () => new Top().add(), () => new Top().list(-1)])
  try {
    call();
    console.log('no error');
  } catch (error) {
    console.log(error.name);
  }
END
    run 0 node wrong.js
    check 'every misuse is an exception' test "$(sort -u out)" = TypeError
else
    skip 'no headers of node'
fi
finish
