# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# libcfkit as a subproject of another meson project, static and without tools.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

mkdir -p outer/subprojects
ln -s "$CF_SOURCE" outer/subprojects/libcfkit
cat >outer/meson.build <<'END'
project('outer', 'c', meson_version: '>=1.0.0')
cfkit = dependency('libcfkit', fallback: 'libcfkit',
  default_options: ['default_library=static', 'tools=disabled', 'tests=disabled', 'man=disabled'])
executable('outer', 'outer.c', dependencies: cfkit)
END
cat >outer/outer.c <<'END'
#include <cfkit/cfkit.h>
#include <stdio.h>

int main(void)
{
    puts(cfk_version());
    return 0;
}
END
cd outer || exit 2
run 0 meson setup build .
run 0 ninja -C build
run 0 build/outer
check 'it runs' test -s out
finish
