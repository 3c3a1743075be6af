# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# No branch and no index depends on a secret: valgrind watches secrets that are
# marked as undefined, over what two compilers make of the sources at three levels
# of optimisation. Two cases that are wrong on purpose have to be caught; of what is
# right, only verdicts are let through (constant_time.supp).
# usage: constant_time.sh BUILD (for its config.h; mbedTLS back end)
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

build=$1
if ! command -v valgrind >/dev/null || [ ! -e /usr/include/valgrind/memcheck.h ]; then
    skip 'no valgrind'
    ok
    finish
fi

sources='base/alloc base/bytes base/crypto_mbedtls base/crypto_mbedtls_keys base/error base/hkdf base/random base/secret
    base/signature split/gf256 split/gf256_avx2 split/merkle split/payload split/rows
    split/shamir split/share split/wordlist'

# watch CASE: 0 clean, 99 caught.
watch() {
    valgrind -q --error-exitcode=99 --suppressions="$CF_SOURCE/tests/check/constant_time.supp" \
        ./program "$1" >said 2>&1
}

clean() {
    watch "$1"
    status=$?
    case $status in
    0) ok ;;
    77) skip "$compiler $level: no $1 here" ;;
    *)
        not_ok "$compiler $level: $1: exit $status"
        head -n 20 said | sed 's/^/    /'
        ;;
    esac
}

caught() {
    watch "$1"
    check "$compiler $level: $1 is caught" test $? -eq 99
}

for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || {
        skip "no $compiler"
        continue
    }
    for level in -O2 -O3 -Os; do
        command="$compiler $level"
        files=
        for source in $sources; do
            files="$files $CF_SOURCE/lib/$source.c"
        done
        # shellcheck disable=SC2086 # a list of files
        "$compiler" "$level" -gdwarf-4 -std=c11 -D_POSIX_C_SOURCE=200809L -I"$CF_SOURCE/lib" \
            -I"$CF_SOURCE/include" -I"$build/lib" "$CF_SOURCE/tests/check/constant_time.c" $files \
            -o program -lmbedcrypto >built 2>&1 || {
            not_ok "$compiler $level: does not build"
            head -n 20 built
            continue
        }
        caught table
        caught memcmp
        for case in portable avx2 points points-avx2 shamir root wrap-gcm wrap-chacha commitment rows words; do
            clean "$case"
        done
    done
done
finish
