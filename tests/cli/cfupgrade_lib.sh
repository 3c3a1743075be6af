# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For the scripts about cfupgrade: lib.sh, the examples built, and
#
#   begin OPTION... -- COMMAND...   cfupgrade in the background as $holder; its ./events and ./log
#   end STATUS                      it has ended, or is about to, with this
#   until_true 'what' command...    wait, up to half a minute, until the command succeeds
#   build NAME...                   programs of examples/c, here
#
# A server under test that needs to wait for a word of ours waits for a file.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

library=$(dirname "$CF_TOOLS")/lib
LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
# What is built here is of a kind with the library: its sanitizers, if any, come along.
flags=
if nm -D "$library/libcfkit.so" 2>/dev/null | grep -q __asan_init; then
    flags=-fsanitize=address,undefined
fi

build() {
    for program in "$@"; do
        # shellcheck disable=SC2086 # none or one
        "${CC:-cc}" -std=c11 $flags -I"$CF_SOURCE/include" "$CF_SOURCE/examples/c/$program.c" \
            -o "$program" -L"$library" -lcfkit || exit 2
    done
}

until_true() {
    what=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ]; then
            not_ok "$what: waited in vain"
            return
        fi
        sleep 0.05
    done
    ok
}

begin() {
    command="cfupgrade $*"
    : >events
    : >log # what is waited for must not be of the one before
    cfupgrade "$@" >events 2>log &
    holder=$!
}

end() {
    wait "$holder"
    got=$?
    check "$command: exit $got, not $1" test "$got" -eq "$1"
}

log_has() { has log "$1"; }
events_has() { has events "$1"; }

# Whether the process is gone, or a zombie.
is_gone() {
    [ ! -d "/proc/$1" ] || grep -q '^State:.[ZX]' "/proc/$1/status" 2>/dev/null
}

# status_of CONTROL NAME: a member of the status; of several so named the first.
status_of() {
    cfupgrade ctl --json "$1" status | grep -o "\"$2\":[^,}]*" | head -n 1 |
        sed 's/^[^:]*://; s/"//g'
}
