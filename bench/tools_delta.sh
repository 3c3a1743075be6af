#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: tools_delta.sh FOLDER-OF-TOOLS
#
# cfdelta beside xdelta3, bsdiff and zstd, as commands: bytes of all patches of a
# category, seconds to make and to apply them, and the most memory that either took. Every
# patch is applied and compared. Pairs are under $CFKIT_DATA/delta and $CFKIT_PAIRS;
# BENCH_PAIRS limits how many of a category are taken (default 4).
set -eu

tools=$1
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
cd "$work"
if [ -z "${CFKIT_DATA:-}" ] && [ -z "${CFKIT_PAIRS:-}" ]; then
    echo 'cfdelta: neither CFKIT_DATA nor CFKIT_PAIRS is set: no pairs'
    exit 0
fi
gcc -std=c11 -O2 "$source/tests/check/large_peak.c" -o peak

# run COMMAND: its time and its peak are added up.
run() {
    start=$(date +%s%N)
    sh -c "exec ./peak 99999999 $1" 2>said || { cat said && exit 1; }
    took=$((took + $(date +%s%N) - start))
    kib=$(sed -n '$s/.* \([0-9]*\) KiB$/\1/p' said)
    [ "$kib" -le "$most" ] || most=$kib
}

# measure NAME ENCODE DECODE: commands that name old, new, made (the patch) and back.
measure() {
    bytes=0
    new_bytes=0
    make_ns=0
    apply_ns=0
    made_most=0
    applied_most=0
    for pair in $pairs; do
        rm -f old new made back
        ln -s "$pair/old" old
        ln -s "$pair/new" new
        took=0
        most=0
        run "$2"
        make_ns=$((make_ns + took))
        [ "$most" -le "$made_most" ] || made_most=$most
        took=0
        most=0
        run "$3"
        apply_ns=$((apply_ns + took))
        [ "$most" -le "$applied_most" ] || applied_most=$most
        cmp -s new back || {
            echo "$1: $pair does not come back" >&2
            exit 1
        }
        bytes=$((bytes + $(wc -c <made)))
        new_bytes=$((new_bytes + $(wc -c <new)))
    done
    awk -v category="$category" -v name="$1" -v bytes=$bytes -v new=$new_bytes -v made="$make_ns" \
        -v applied="$apply_ns" -v a="$made_most" -v b="$applied_most" 'BEGIN {
        printf "%-8s %-18s %10d %9.1f %9.1f %8d %8d\n", category, name, bytes,
            new / made * 1e3, new / applied * 1e3, a, b }'
}

compare() {
    ours="$tools/cfdelta"
    for level in 1 5 9; do
        measure "cfdelta -$level" "$ours encode -$level --format zstd old new -o made" \
            "$ours decode old made -o back"
    done
    measure 'cfdelta cfd -5' "$ours encode -5 --format cfd old new -o made" \
        "$ours decode old made -o back"
    if command -v zstd >/dev/null; then
        for level in 3 19; do
            measure "zstd -$level" "zstd -q -f -$level --long=27 --patch-from=old new -o made" \
                'zstd -q -f -d --long=27 --patch-from=old made -o back'
        done
    fi
    if command -v xdelta3 >/dev/null; then
        measure 'xdelta3 -9' 'xdelta3 -e -9 -s old new made' 'xdelta3 -d -s old made back'
    fi
    if command -v bsdiff >/dev/null && command -v bspatch >/dev/null; then
        measure bsdiff 'bsdiff old new made' 'bspatch old back made'
    fi
}

for peer in zstd xdelta3 bsdiff; do
    command -v $peer >/dev/null || echo "SKIP: $peer is not installed"
done
printf '%-8s %-18s %10s %9s %9s %8s %8s\n' category tool 'patch' 'MB/s make' 'apply' 'KiB make' 'apply'
for category in web webbig json js jsbig tar exe exebig db; do
    pairs=$(for root in "${CFKIT_DATA:-/nowhere}/delta" "${CFKIT_PAIRS:-/nowhere}"; do
        ls -d "$root/$category"/*/ 2>/dev/null || true
    done | sed 's,/$,,' | head -n "${BENCH_PAIRS:-4}")
    [ -z "$pairs" ] || compare
done
