# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The installed tree: programs of C99 and C++98 and every example build through
# pkg-config, shared and static, and run.
# usage: installed.sh BUILD
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

build=$1
run 0 env DESTDIR="$work/root" meson install -C "$build" --no-rebuild --quiet
prefix=$work/root/usr/local
library=$(find "$prefix" -name libcfkit.so.0 -exec dirname {} \;)
check 'the library is installed' test -n "$library"
PKG_CONFIG_PATH=$library/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$work/root
LD_LIBRARY_PATH=$library
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH

run 0 pkg-config --modversion libcfkit
out_is "$(sed -n "s/^ *version: '\(.*\)',/\1/p" "$CF_SOURCE/meson.build" | head -n 1)"
run 0 pkg-config --libs libcfkit
check 'shared linking names only our library' test -z "$(tr ' ' '\n' <out | grep '^-l' | grep -v '^-lcfkit$')"

cat >program.c <<'END'
#include <cfkit/cfkit.h>
#include <stdio.h>

int main(void)
{
    printf("%s %d\n", cfk_version(), cfk_has("no such thing"));
    return 0;
}
END
cp program.c program.cc
# shellcheck disable=SC2046 # options, to be split
{
    run 0 gcc -std=c99 -pedantic-errors -Wall -Wextra -Werror $(pkg-config --cflags libcfkit) \
        program.c -o program99 $(pkg-config --libs libcfkit)
    run 0 ./program99
    out_is "$(pkg-config --modversion libcfkit) 0"
    if command -v g++ >/dev/null 2>&1; then
        run 0 g++ -std=c++98 -pedantic-errors -Wall -Wextra -Werror $(pkg-config --cflags libcfkit) \
            program.cc -o program98 $(pkg-config --libs libcfkit)
        run 0 ./program98
    else
        skip 'no g++'
    fi
    static_libs=$(pkg-config --static --libs libcfkit | sed 's/-lcfkit/-l:libcfkit.a/')
    # shellcheck disable=SC2086
    run 0 gcc -std=c99 $(pkg-config --cflags libcfkit) program.c -o program_static $static_libs
    run 0 env -u LD_LIBRARY_PATH ./program_static
    for example in "$CF_SOURCE"/examples/c/*.c; do
        name=$(basename "$example" .c)
        run 0 gcc -std=c11 -Wall -Wextra -Werror $(pkg-config --cflags libcfkit) "$example" \
            -o "$name" $(pkg-config --libs libcfkit)
        # shellcheck disable=SC2086
        run 0 gcc -std=c11 $(pkg-config --cflags libcfkit) "$example" -o "$name.static" $static_libs
    done
}
# Examples that need no argument say so by running without one.
for example in delta bundle bundle_fetch split keeper structures; do
    [ -f "$CF_SOURCE/examples/c/$example.c" ] || continue
    run 0 "./$example"
    check "$example says something" test -s out
done
for tool in "$prefix"/bin/cf*; do
    run 0 "$tool" --version
    out_has "$(pkg-config --modversion libcfkit)"
done
finish
