# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Each public header compiles alone, in every C and C++ from the oldest that we
# promise, and names nothing but the C library and cfkit.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

include=$CF_SOURCE/include
flags="-pedantic-errors -Wall -Wextra -Werror -Wconversion -Wshadow -fsyntax-only -I$include"
for path in "$include"/cfkit/*.h; do
    name=cfkit/$(basename "$path")
    command=$name
    printf '#include <%s>\n#include <%s>\nint main(void)\n{\n    return 0;\n}\n' "$name" "$name" >one.c
    cp one.c one.cc
    for std in c99 c11 c17; do
        # shellcheck disable=SC2086 # options, to be split
        check "$name as $std" gcc -std=$std $flags one.c
    done
    if command -v g++ >/dev/null 2>&1; then
        for std in c++98 c++11 c++20; do
            # shellcheck disable=SC2086
            check "$name as $std" g++ -std=$std $flags one.cc
        done
    else
        skip "no g++ for $name"
    fi
    if command -v musl-gcc >/dev/null 2>&1; then
        # musl-gcc sees no header of a dependency.
        # shellcheck disable=SC2086
        check "$name with musl alone" musl-gcc -std=c99 $flags one.c
    else
        skip "no musl-gcc for $name"
    fi
    check "$name includes only C and cfkit" test -z \
        "$(grep '^#include' "$path" | grep -v '<std[a-z]*\.h>\|<cfkit/[a-z_]*\.h>')"
done
finish
