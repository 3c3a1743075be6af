# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For the scripts beside it: source this first, end with "finish". Each script
# runs in an empty folder of its own with the tools in PATH. A check says what
# a user would notice; it prints only when it fails.
#
#   run 0 cftool arg...     runs it: exit status 0 wanted; stdout and stderr go to ./out and ./err
#   out_is 'text'           stdout is exactly this (and a newline)
#   out_has 'text', err_has 'text', err_is_empty, out_is_empty
#   check 'what' command... the command must succeed
#   skip 'why'              count what cannot be tested here, visibly

set -u
PATH="${CF_TOOLS:-}:$PATH"
export PATH LC_ALL=C
unset NO_COLOR
work=$(mktemp -d)
trap 'cd / && rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
cd "$work" || exit 2
passed=0
failed=0
skipped=0

ok() {
    passed=$((passed + 1))
}

not_ok() {
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$*"
}

check() {
    what=$1
    shift
    if "$@"; then ok; else not_ok "$what"; fi
}

run() {
    want=$1
    shift
    "$@" >out 2>err
    got=$?
    command=$*
    if [ "$got" -eq "$want" ]; then
        ok
    else
        not_ok "$command: exit $got, not $want"
        sed 's/^/    /' err
    fi
}

# The text of a file is this; both shown where not.
is() {
    if [ "$(cat "$1")" = "$2" ]; then
        ok
    else
        not_ok "$command: $1 is not as it should be"
        printf '    wanted: %s\n' "$2"
        sed 's/^/    got:    /' "$1" | head -n 20
    fi
}

has() {
    if grep -qF -e "$2" "$1"; then
        ok
    else
        not_ok "$command: $1 lacks '$2'"
        sed 's/^/    got: /' "$1" | head -n 20
    fi
}

lacks() {
    if grep -qF -e "$2" "$1"; then not_ok "$command: $1 has '$2'"; else ok; fi
}

is_empty() {
    if [ -s "$1" ]; then
        not_ok "$command: $1 is not empty"
        sed 's/^/    got: /' "$1" | head -n 20
    else
        ok
    fi
}

out_is() { is out "$1"; }
err_is() { is err "$1"; }
out_has() { has out "$1"; }
err_has() { has err "$1"; }
out_lacks() { lacks out "$1"; }
err_lacks() { lacks err "$1"; }
out_is_empty() { is_empty out; }
err_is_empty() { is_empty err; }

skip() {
    skipped=$((skipped + 1))
    printf 'SKIP: %s\n' "$*"
}

# A file of the test data in $data_file, or a visible skip.
data() {
    if [ -z "${CFKIT_DATA:-}" ]; then
        skip "CFKIT_DATA is not set, no $1"
        return 1
    fi
    # shellcheck disable=SC2034 # for the caller
    data_file=$CFKIT_DATA/$1
}

finish() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
    exit
}
