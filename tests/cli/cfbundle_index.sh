# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

if ! command -v openssl >/dev/null; then
    skip 'no openssl command to make certificates with'
    finish
fi
check 'make_pki.sh' sh "$CF_SOURCE/tests/cli/make_pki.sh" pki
cd pki || exit 2
now='--time 2026-11-20T08:00:00Z'
pool='--roots roots.pem --intermediates intermediates.pem'

# The main job: an index, and what comes out of it is what comes out of the files.
# shellcheck disable=SC2086
run 0 cfbundle index $pool -o pool.cfp
err_is_empty
out_is_empty
for options in '' --all --with-root '--all --json' '--order longest --explain'; do
    # shellcheck disable=SC2086
    run 0 cfbundle $now $options $pool leaf.pem
    sed 's/"counters".*//' out >want
    # shellcheck disable=SC2086
    run 0 cfbundle $now $options --index pool.cfp leaf.pem
    sed 's/"counters".*//' out >got
    check "the same with an index: $options" cmp -s want got
done

# Its roots stand for the system's; more certificates may join it.
run 0 cfbundle index --no-signatures --roots root-b.pem --intermediates x-by-b.pem -o b.cfp
# shellcheck disable=SC2086
run 0 cfbundle $now --index b.cfp leaf.pem
cat leaf.pem x-by-b.pem >want
check 'chain to B' cmp -s out want
# shellcheck disable=SC2086
run 0 cfbundle $now --index b.cfp --roots root-a.pem --intermediates x-by-a.pem leaf.pem
cat leaf.pem x-by-a.pem >want
check 'the better chain of what joined it' cmp -s out want

# The same certificates make the same bytes; JSON says what is in it.
# shellcheck disable=SC2086
run 0 cfbundle index --json $pool -o again.cfp
check 'the same bytes' cmp -s pool.cfp again.cfp
out_has '"schema":1'
out_has '"roots":'
out_has '"sha256":"'
# shellcheck disable=SC2086
cfbundle index $pool -o - >piped.cfp
check 'the same bytes in a pipe' cmp -s pool.cfp piped.cfp

# It replaces nothing unasked, and appears whole or not at all.
# shellcheck disable=SC2086
run 2 cfbundle index $pool -o pool.cfp
err_has 'pool.cfp'
# shellcheck disable=SC2086
run 0 cfbundle index -f $pool -o pool.cfp
run 2 cfbundle index --roots nosuch.pem -o none.cfp
err_has 'nosuch.pem'
check 'nothing is left behind' test ! -e none.cfp
if [ -w /dev/full ]; then
    # shellcheck disable=SC2086
    run 2 cfbundle index $pool -o /dev/full
    err_has 'No space left'
fi

# Sources that are newer than it.
touch -d '2026-11-01' pool.cfp
touch -d '2026-11-02' roots.pem
touch -d '2026-10-01' intermediates.pem
# shellcheck disable=SC2086
run 0 cfbundle $now --index pool.cfp leaf.pem
err_has 'is older than'
err_has 'roots.pem'
err_lacks 'intermediates.pem'
# shellcheck disable=SC2086
run 0 cfbundle -q $now --index pool.cfp leaf.pem
err_is_empty

# Damage is named, never taken for an answer.
size=$(wc -c <pool.cfp)
for at in 0 9 60 130 $((size - 100)); do
    cp pool.cfp bad.cfp
    printf '\377' | dd of=bad.cfp bs=1 seek="$at" conv=notrunc 2>/dev/null
    # shellcheck disable=SC2086
    cfbundle $now --index bad.cfp leaf.pem >out 2>err
    status=$?
    command="byte $at"
    case $status in
    2) has err 'index' ;;
    0)
        cat leaf.pem x-by-a.pem >want
        check 'damage that does not matter' cmp -s out want
        ;;
    *) not_ok "byte $at: exit $status" ;;
    esac
done
head -c $((size - 8)) pool.cfp >bad.cfp
# shellcheck disable=SC2086
run 2 cfbundle $now --index bad.cfp --json leaf.pem
out_has '"code":"corrupt-input"'
run 2 cfbundle --index roots.pem leaf.pem
err_has 'no index of a pool'
run 2 cfbundle --index nosuch.cfp leaf.pem
err_has 'nosuch.cfp'

# A gibibyte of junk around a certificate is too much, from a file and from a pipe; what
# is within the limit is searched.
if truncate -s 1G huge.pem 2>/dev/null; then
    run 2 cfbundle index -o none.cfp --roots roots.pem --intermediates huge.pem
    err_has 'huge.pem: larger than the limit of 268435456 bytes'
    rm huge.pem
    head -c 300000000 /dev/zero | cfbundle index -o none.cfp --roots - >out 2>err
    is_pipe_refused() { grep -q 'standard input: larger than the limit' err; }
    check 'a pipe without end is refused' is_pipe_refused
    truncate -s 64M junk.pem
    { echo && cat intermediates.pem; } >>junk.pem
    run 0 cfbundle index -o junk.cfp --roots roots.pem --intermediates junk.pem
    # shellcheck disable=SC2086
    run 0 cfbundle $now --index junk.cfp leaf.pem
    cat leaf.pem x-by-a.pem >want
    check 'certificates behind 64 MiB of nothing' cmp -s out want
else
    skip 'no file of a gibibyte'
fi

# Usage.
run 2 cfbundle index
err_has '-o names it'
run 2 cfbundle index -o x.cfp leaf.pem
err_has 'not of '
run 2 cfbundle index --json -o -
err_has 'cannot both'
run 2 cfbundle index --frobnicate -o x.cfp
run 0 cfbundle index --help
out_has 'Usage: cfbundle index'
run 0 cfbundle index --version
out_has 'cfbundle'

finish
