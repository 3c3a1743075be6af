# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What cfbundle reads beside PEM and DER, as other programs write it.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

if ! command -v openssl >/dev/null; then
    skip 'no openssl command to make inputs with'
    finish
fi
check 'make_pki.sh' sh "$CF_SOURCE/tests/cli/make_pki.sh" pki
cd pki || exit 2
now='--time 2026-11-20T08:00:00Z --roots roots.pem'
cat leaf.pem x-by-a.pem >want

# PKCS #7 in BER: lengths that are open, as programs write that know them too late.
openssl cms -sign -stream -nodetach -md sha256 -in want -signer leaf.pem -inkey leaf.key \
    -certfile x-by-a.pem -outform DER -out open.p7c 2>log
openssl cms -sign -stream -nodetach -md sha256 -in want -signer leaf.pem -inkey leaf.key \
    -certfile x-by-a.pem -outform PEM -out open.p7b 2>log
check 'it begins with an open length' test "$(od -An -tx1 -N2 open.p7c)" = ' 30 80'
for bag in open.p7c open.p7b; do
    # shellcheck disable=SC2086
    run 0 cfbundle $now $bag
    check "$bag" cmp -s out want
    err_is_empty
    # shellcheck disable=SC2086
    run 0 cfbundle $now --intermediates $bag leaf.pem
    check "$bag as intermediates" cmp -s out want
done
size=$(wc -c <open.p7c)
head -c $((size - 1)) open.p7c >cut.p7c
# shellcheck disable=SC2086
run 2 cfbundle $now cut.p7c
out_is_empty
{ cat open.p7c; echo; } >more.p7c
# shellcheck disable=SC2086
run 2 cfbundle $now more.p7c
err_has 'PKCS #7: bytes behind its end'
finish
