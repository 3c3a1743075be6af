#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: tests/run.sh [--full] [STEP...]
#
# Installs what the tests need, builds, and runs them: the unit and tool tests
# and the checks of the house in a few minutes; with --full also both compilers,
# sanitizers, valgrind, every configuration, fault sweeps, fuzzing and the
# installed tree. The last line is "N passed, N failed". Naming steps runs those
# alone. CFKIT_DATA may name a folder of test data; what needs it is skipped,
# and says so, where it is not set.
set -u

cd "$(dirname "$0")/.." || exit 2
source=$PWD
full=false
if [ "${1:-}" = --full ]; then
    full=true
    shift
fi
only=" $* "
work=${CFKIT_BUILD:-$source/build-tests}
mkdir -p "$work" || exit 2
jobs=$(nproc)
passed=0
failed=0
skipped=0
failures=

needs="test"
! $full || needs=full
"$source/tests/install-packages.sh" "$needs" || exit 2

# Run "name command..." as a step, its output in a log that is shown where it fails.
step() {
    name=$1
    shift
    case "$only" in
    "  ") ;;
    *" $name "*) ;;
    *) return ;;
    esac
    started=$(date +%s)
    printf '%-24s ' "$name"
    before=$failed
    "$@" >"$work/$name.log" 2>&1 || note_failure "$name" "$?"
    printf '%4d s  %d passed, %d failed\n' $(($(date +%s) - started)) "$passed" "$failed"
    [ "$failed" -eq "$before" ] || {
        failures="$failures $name"
        tail -n 60 "$work/$name.log" | sed 's/^/    /'
    }
    grep '^ *skipped: ' "$work/$name.log"
}

# A step that ended badly without a failed test is a failure of its own.
note_failure() {
    [ "$failed" -gt "$before" ] || failed=$((failed + 1))
    echo "$1: exit status $2" >>"$work/$1.log"
}

count() {
    log=$(ls "$1"/meson-logs/testlog*.json) # one; a wrapper's name is in its name
    [ -s "$log" ] || return 1
    # shellcheck disable=SC2046 # three numbers
    set -- $(python3 "$source/tests/count.py" "$log")
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

# Configure, build and test in a folder of its own: name, then options of meson.
configuration() {
    build=$work/$1
    suite_args=${SUITES:-}
    shift
    if [ -d "$build/meson-private" ]; then
        meson setup --reconfigure "$build" "$source" "$@" || return
    else
        meson setup "$build" "$source" -Dwerror=true "$@" || return
    fi
    # Where suites are chosen, meson builds what they need.
    [ -n "$suite_args" ] || ninja -C "$build" -j "$jobs" || return
    rm -f "$build"/meson-logs/testlog*
    # shellcheck disable=SC2086 # options, to be split
    CK_TIMEOUT_MULTIPLIER=${PATIENCE:-1} meson test -C "$build" --print-errorlogs --num-processes "$jobs" \
        $suite_args ${WRAPPER:+--wrapper="$WRAPPER"} --timeout-multiplier "${PATIENCE:-1}"
    status=$?
    count "$build" || return 1
    return $status
}

# A script of tests/check: prints as the tool tests do.
check() {
    script=$1
    shift
    CF_SOURCE=$source CF_TOOLS=$work/gcc/cli sh "$source/tests/check/$script.sh" "$@" >"$work/$script.out" 2>&1
    status=$?
    cat "$work/$script.out"
    # shellcheck disable=SC2046 # two numbers
    set -- $(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$work/$script.out") 
    [ $# -eq 2 ] || return 1
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $(grep -c '^SKIP: ' "$work/$script.out")))
    sed -n 's/^SKIP: /  skipped: /p' "$work/$script.out"
    return $status
}

# For runs that would only take longer over the recorded data.
without_data() {
    CFKIT_DATA='' configuration "$@"
}

sanitized() {
    ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        PATIENCE=4 configuration "$@" -Db_sanitize=address,undefined -Db_lundef=false
}

with_clang() {
    CC=clang configuration "$@"
}

fuzzed() {
    CC=clang SUITES='--suite fuzz' sanitized "$@" -Dfuzzer=true -Dtools=disabled \
        -Dc_args=-fsanitize=fuzzer-no-link -Ddefault_library=static
}

# Where threads meet.
threaded() {
    TSAN_OPTIONS=halt_on_error=1:atexit_sleep_ms=0 PATIENCE=4 \
        SUITES='structures/limit_cell structures/spsc structures/cache_shards delta/threads upgrade/threads upgrade/drain' \
        without_data "$@" -Db_sanitize=thread -Db_lundef=false
}

under_valgrind() {
    SUITES='--suite unit' PATIENCE=20 without_data "$@"
}

step gcc configuration gcc -Dbench=enabled
step symbols check symbols "$work/gcc"
step headers check headers
step manual check manual "$work/gcc"
step installed check installed "$work/gcc"

if $full; then
    step clang with_clang clang
    step sanitizers sanitized sanitizers -Dbuildtype=debug
    step threads threaded threads -Dbuildtype=debugoptimized -Dtools=disabled
    WRAPPER='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite' \
        step valgrind under_valgrind valgrind -Dtools=disabled
    step openssl configuration openssl -Dcrypto=openssl -Dman=disabled -Dstructures=disabled
    for off in delta bundle split structures upgrade; do
        SUITES='--suite cli --no-suite long' step "no-$off" without_data "no-$off" "-D$off=disabled" -Dbuildtype=debug -Dman=disabled \
            -Ddefault_library=static
    done
    step fuzz fuzzed fuzz -Dbuildtype=debugoptimized
    step bindings check bindings "$work/gcc"
    step faults check faults
    step constant-time check constant_time "$work/gcc"
    step memory check memory "$work/gcc"
    step large check large
    step chromium check chromium "$work/gcc"
    step servers check servers
    step subproject check subproject
    step reproducible check reproducible
    step lint check lint
fi

[ -z "$failures" ] || printf 'Failed steps:%s (logs in %s)\n' "$failures" "$work"
[ "$skipped" -eq 0 ] || printf 'Skipped: %d\n' "$skipped"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
