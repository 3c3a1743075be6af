# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Manners on a terminal: no binary unasked, colour unless NO_COLOR.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

on_terminal() {
    python3 "$CF_SOURCE/tests/cli/on_terminal.py" "$@"
}

seq 1000 >old
seq 3 1002 >new
red=$(printf '\033[31merror:')
export TERM=xterm

run 2 on_terminal cfdelta encode old new
out_has 'a terminal, and this is binary'
out_has "$red"
run 0 on_terminal cfdelta encode old new -o -
out_lacks 'error'
run 0 on_terminal cfdelta encode old new -o patch
out_is_empty

run 2 on_terminal env NO_COLOR=1 cfdelta encode old new
out_has 'error:'
out_lacks "$(printf '\033')"
run 2 on_terminal env NO_COLOR=1 cfdelta --color=always encode old new
out_has "$red"
run 2 on_terminal env NO_COLOR= cfdelta encode old new
out_has "$red"
run 2 on_terminal env TERM=dumb cfdelta encode old new
out_lacks "$(printf '\033')"
finish
