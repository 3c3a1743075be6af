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

# PKCS #12: certificates and the key, under one passphrase that is asked for once.
printf 'correct horse\n' >pass
printf 'battery staple\n' >wrong
# pack NAME OPTION...
pack() {
    name=$1
    shift
    openssl pkcs12 -export -inkey leaf.key -in leaf.pem -certfile x-by-a.pem -iter 2000 \
        -passout 'pass:correct horse' -out "$name.p12" "$@" 2>log ||
        not_ok "no $name.p12: $(tail -n 1 log)"
}
pack aes
pack des -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
pack sha512 -macalg sha512
pack reversed -certfile root-a.pem
for name in aes des sha512 reversed; do
    # shellcheck disable=SC2086
    run 0 cfbundle $now --intermediates x-by-a.pem --key $name.p12 --pass-fd 3 $name.p12 3<pass
    check "$name.p12: the bundle" cmp -s out want
    err_is_empty
    # shellcheck disable=SC2086
    run 1 cfbundle $now --pass-fd 3 $name.p12 3<wrong
    out_is_empty
    err_is "cfbundle: error: $name.p12: PKCS #12: the passphrase is wrong, or the file is damaged"
    # shellcheck disable=SC2086
    run 0 cfbundle $now --key $name.p12 --pass-fd 3 want 3<pass
done
# shellcheck disable=SC2086
run 0 cfbundle $now --pass-fd 3 - 3<pass <aes.p12
check 'standard input' cmp -s out want
# shellcheck disable=SC2086
run 0 cfbundle $now --key leaf.key --pass-fd 3 aes.p12 3<pass
check 'the key beside' cmp -s out want
openssl ecparam -name prime256v1 -genkey -noout -out other.key
# shellcheck disable=SC2086
run 1 cfbundle $now --key other.key --pass-fd 3 aes.p12 3<pass
err_has 'other.key: the private key (P-256) is not that of the certificate (P-256)'
if command -v setsid >/dev/null; then
    # shellcheck disable=SC2086
    run 2 setsid -w cfbundle $now aes.p12 </dev/null
    err_has 'no terminal to ask on; give it a descriptor with --pass-fd'
fi
if pack old -legacy 2>log && [ -s old.p12 ]; then
    # shellcheck disable=SC2086
    run 2 cfbundle $now --pass-fd 3 old.p12 3<pass
    err_has "encrypted with RC2 of 40 bits, which is not read; 'openssl pkcs12 -legacy -nodes'"
    # shellcheck disable=SC2086
    run 0 cfbundle $now --key old.p12 --pass-fd 3 want 3<pass
fi
head -c 500 aes.p12 >cut.p12
# shellcheck disable=SC2086
run 2 cfbundle $now --pass-fd 3 cut.p12 3<pass
out_is_empty
finish
