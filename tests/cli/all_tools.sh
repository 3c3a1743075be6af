# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What every tool does alike.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

version=$(sed -n "s/^ *version: '\(.*\)',/\1/p" "$CF_SOURCE/meson.build" | head -n 1)
for path in "$CF_TOOLS"/cf*; do
    if [ ! -f "$path" ] || [ ! -x "$path" ]; then continue; fi
    tool=$(basename "$path")

    run 0 "$tool" --help
    out_has "$tool"
    out_has 'Example'
    err_is_empty
    run 0 "$tool" -h
    run 0 "$tool" --version
    out_is "$tool (libcfkit) $version"
    err_is_empty
    run 0 "$tool" -V

    run 2 "$tool" --no-such-option
    out_is_empty
    err_has "Try '$tool --help'"
    run 2 "$tool" --color=sometimes
    err_has 'always, auto or never'

    # A full disk is noticed wherever something is said on standard output.
    for option in --help --version; do
        "$tool" $option >/dev/full 2>err
        status=$?
        check "$tool $option on a full disk: exit $status" test "$status" -eq 2
        err_has 'No space left'
    done
    "$tool" --help >&- 2>err
    status=$?
    check "$tool --help with no standard output: exit $status" test "$status" -eq 2

    # Colour only where it was asked for.
    run 2 "$tool" --color=always --color=sometimes
    err_has "$(printf '\033[31merror:')"
    run 2 "$tool" --color=never --no-such-option
    err_lacks "$(printf '\033')"
done
finish
