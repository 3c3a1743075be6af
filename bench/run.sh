#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: bench/run.sh [COMPONENT...] [-f TEXT]
#
# Builds the benchmarks at full optimisation and prints their tables: ours beside
# whatever peers are installed, results checked. -f shows only rows that contain
# TEXT. CFKIT_DATA names the folder of recorded data; without it, generated
# inputs are used. CFKIT_PAIRS may name one more folder, of categories of pairs for
# delta that were fetched and are not kept. BENCH_CALLGRIND=1 counts instructions
# instead of time.
set -eu

cd "$(dirname "$0")/.."
build=${CFKIT_BUILD:-$PWD/build-bench}
filter=
names=
while [ $# -gt 0 ]; do
    case $1 in
    -f)
        filter=${2:?-f wants a text}
        shift
        ;;
    -*)
        echo "usage: $0 [COMPONENT...] [-f TEXT]" >&2
        exit 2
        ;;
    *) names="$names $1" ;;
    esac
    shift
done

[ -d "$build/meson-private" ] ||
    meson setup "$build" -Dbuildtype=release -Dbench=enabled -Dtests=disabled >/dev/null
ninja -C "$build" >/dev/null

for program in "$build"/bench/bench_*; do
    name=${program##*/bench_}
    if [ ! -x "$program" ] || [ ! -f "$program" ]; then continue; fi
    case " $names " in
    '  ' | *" $name "*) ;;
    *) continue ;;
    esac
    # A filter that leaves nothing of one program is no failure of the others.
    if [ "${BENCH_CALLGRIND:-}" = 1 ]; then
        valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file=/dev/null \
            "$program" ${filter:+-f "$filter"} || [ -n "$filter" ]
    else
        "$program" ${filter:+-f "$filter"} || [ -n "$filter" ]
    fi
    echo
done

# Tools beside tools; time alone, and without a filter.
if [ -z "$filter" ] && [ "${BENCH_CALLGRIND:-}" != 1 ]; then
    for script in bench/tools_*.sh; do
        name=${script##*/tools_}
        case " $names " in
        '  ' | *" ${name%.sh} "*) sh "$script" "$build/cli" ;;
        esac
    done
fi
