#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: bench/tools_cftop.sh FOLDER-OF-TOOLS
#
# cftop beside mawk, gawk and sort | uniq -c: seconds (the least of three) and MB/s on
# short lines, those of CFKIT_DATA's zipf1.0 five times over or generated ones, and on
# long ones of an access log, by their first field. The first counts must agree.
set -eu

tools=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
cd "$work"

if [ -n "${CFKIT_DATA:-}" ] && command -v zstd >/dev/null; then
    for _ in 1 2 3 4 5; do
        zstd -dcq "$CFKIT_DATA/ds/zipf1.0.keys.zst"
    done >short
else
    awk 'BEGIN { for (i = 0; i < 5000000; i++) print int(exp(rand() * 12.7)) * 2654435 }' >short
fi
awk 'BEGIN { for (i = 0; i < 400000; i++) printf "10.0.%d.%d - - [20/Nov/2026:12:00:00 +0000]" \
    " \"GET /some/page/%d.html HTTP/1.1\" 200 %d \"https://www.example.org/some/page/before\"" \
    " \"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0 and some more\"\n",
    int(exp(rand() * 2)), int(exp(rand() * 5)), rand() * 9999, rand() * 99999 }' >long

# measure SUBJECT INPUT COMMAND: it prints the heaviest key's count first.
measure() {
    least=
    for _ in 1 2 3; do
        start=$(date +%s%N)
        answer=$(sh -c "$3" | awk 'NR == 1 { print $1 }')
        took=$(($(date +%s%N) - start))
        if [ -z "$least" ] || [ "$took" -lt "$least" ]; then least=$took; fi
    done
    if [ -z "$wanted" ]; then wanted=$answer; fi
    if [ "$answer" != "$wanted" ]; then
        echo "$1: $answer, not $wanted" >&2
        exit 1
    fi
    awk -v ns="$least" -v size="$(wc -c <"$2")" -v subject="$1" -v input="$2" 'BEGIN {
        printf "%-12s %-28s %8.3f s %8.0f MB/s\n", input, subject, ns / 1e9, size / ns * 1e3 }'
}

compare() {
    wanted=
    # shellcheck disable=SC2016 # for awk
    count='{ n[$'$2']++ } END { for (k in n) if (n[k] > most) most = n[k]; print most }'
    by=
    if [ "$2" -gt 0 ]; then by="-f $2"; fi
    measure cftop "$1" "'$tools/cftop' --tsv -n 1 $by $1 | cut -f 2"
    for awk in mawk gawk; do
        if command -v $awk >/dev/null; then
            measure "$awk, exact" "$1" "$awk '$count' $1"
        fi
    done
    if [ "$2" -eq 0 ]; then
        measure 'sort | uniq -c, exact' "$1" "sort $1 | uniq -c | sort -rn"
    else
        measure 'sort | uniq -c, exact' "$1" "cut -d ' ' -f $2 $1 | sort | uniq -c | sort -rn"
    fi
}

echo 'cftop'
compare short 0
compare long 1
