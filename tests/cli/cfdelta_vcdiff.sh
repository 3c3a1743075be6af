# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfdelta and xdelta3 read each other's vcdiff patches.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

if ! command -v xdelta3 >/dev/null; then
    skip 'xdelta3 is not installed: its patches are not tried'
    run 0 cfdelta --version
    finish
fi

same() {
    check "$1 is $2" cmp -s "$1" "$2"
}

ours() { # OLD NEW LEVEL
    run 0 cfdelta encode "-$3" --format vcdiff "$1" "$2" -f -o ours
    run 0 xdelta3 -d -f -s "$1" ours back
    same back "$2"
}

theirs() { # OLD NEW OPTION...
    reference=$1
    new=$2
    shift 2
    run 0 xdelta3 -e -f -S none "$@" -s "$reference" "$new" theirs
    run 0 cfdelta decode "$reference" theirs -f -o back
    same back "$new"
}

seq 200000 >old
seq 200000 | sed '1000s/$/ changed/; 50000d; 150000s/^/new /' >new
: >empty
seq 5 >small
for level in 1 5 9; do
    ours old new $level
done
for pair in 'new old' 'small new' 'new small' 'old empty' 'empty new' 'old old'; do
    # shellcheck disable=SC2086 # two words are wanted
    {
        ours $pair 3
        theirs $pair -9
    }
done
theirs old new -1
theirs old new -A= -9     # no application header
theirs old new '-A=a//b/' # one of its own
theirs old new -n         # no checksum
err_has 'the patch has no checksum'
theirs old new -W 16384 # many windows

# Several windows, ours: what a missing one at the end would not show is stated.
for i in 1 2 3 4 5 6 7; do sed "s/\$/ $i/" new; done >large
ours old large 1
run 0 cfdelta info ours
out_has "new        $(wc -c <large) bytes"
out_has 'window     8388608 bytes'
theirs old large
run 0 cfdelta encode -1 --format vcdiff large old -f -o ours
run 0 xdelta3 -d -f -s large ours back
same back old

# Without a reference
run 0 xdelta3 -e -f -S none new plain
run 0 cfdelta decode empty plain -f -o back
same back new

# Secondary compression is not supported, and that is said.
if xdelta3 -e -f -S djw -s small new packed 2>/dev/null; then
    run 2 cfdelta decode small packed -f -o back2
    err_has 'secondary compression is not supported'
    run 2 cfdelta info --json packed
    out_has '"code":"not-supported"'
    check 'nothing is left' test ! -e back2
fi

# A wrong old version is noticed by the checksum, in both.
run 0 cfdelta encode --format vcdiff old new -f -o ours
run 2 cfdelta decode new ours -f -o back2
err_has 'made against another reference'
run 2 cfdelta verify small ours
check 'xdelta3 notices it too' sh -c '! xdelta3 -d -f -s new ours back3 2>/dev/null'

if data delta/web; then
    for pair in httpd-00 kafka-08 wasm-08; do
        ours "$data_file/$pair/old" "$data_file/$pair/new" 5
        theirs "$data_file/$pair/old" "$data_file/$pair/new" -9
    done
fi
finish
