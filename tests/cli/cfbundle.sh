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

# json_is EXPRESSION TEXT: the object in ./out, as d in python, says this.
json_is() {
    got=$(python3 -c "import json; d = json.load(open('out')); print($1)" 2>&1)
    check "$1 is '$got', not '$2'" test "$got" = "$2"
}

# The main job: the shorter chain that lives longer, root left out.
# shellcheck disable=SC2086
run 0 cfbundle $now $pool leaf.pem
err_is_empty
cat leaf.pem x-by-a.pem >want
check 'the best bundle is leaf and X by A' cmp -s out want
check 'openssl takes the bundle' openssl verify -CAfile root-a.pem -untrusted out \
    -attime 1795161600 leaf.pem >log

# shellcheck disable=SC2086
run 0 cfbundle $now $pool --with-root leaf.pem
cat leaf.pem x-by-a.pem root-a.pem >want
check 'with the root' cmp -s out want

# shellcheck disable=SC2086
run 0 cfbundle $now $pool --all leaf.pem
out_has '# chain 1 of 3'
out_has '# chain 3 of 3'
check 'all chains: 2 + 2 + 3 certificates' test "$(grep -c BEGIN out)" -eq 7

# Certificates that come along are used; roots alone are not enough.
run 0 cfbundle --time 2026-11-20 --roots roots.pem server.pem
run 1 cfbundle --time 2026-11-20 --roots roots.pem leaf.pem
out_is_empty
err_is "cfbundle: error: no issuer of certificate 1 (CN=www.example.test): CN=Example Issuing CA X"

# Inputs: DER, standard input, CR LF, junk, a folder, a private key beside.
openssl x509 -in leaf.pem -outform DER -out leaf.der
# shellcheck disable=SC2086
run 0 cfbundle $now $pool leaf.der
# shellcheck disable=SC2086
cfbundle $now $pool - <leaf.pem >out2
check 'DER and PEM, file and stream: the same' cmp -s out out2
{ echo 'subject: junk'; cat leaf.key; sed 's/$/\r/' server.pem; } >messy.pem
run 0 cfbundle --time 2026-11-20 --roots roots.pem messy.pem
mkdir folder
cp x-by-b.pem x-expired.pem folder
echo 'no certificate' >folder/README
run 0 cfbundle --time 2026-11-20 --roots root-b.pem --intermediates folder leaf.pem
cat leaf.pem x-by-b.pem >want
check 'a folder of intermediates' cmp -s out want

# Reasons: each a no with a code that scripts can tell.
reason() {
    want_code=$1
    words=$2
    shift 2
    run 1 cfbundle --time 2026-11-20 --roots roots.pem "$@"
    out_is_empty
    err_has "$words"
    run 1 cfbundle --time 2026-11-20 --roots roots.pem --json "$@"
    json_is "d['error']['code'], d['status']['code'], d['chains'], d['bundle']" \
        "$want_code $want_code [] None"
}
reason expired 'certificate 1 (CN=www.example.test) expired on 2021-01-01' \
    --intermediates intermediates.pem expired.pem
reason expired 'certificate 2 (CN=Example Issuing CA X) expired on 2021-01-01' \
    --intermediates x-expired.pem leaf.pem
reason not-yet-valid 'is not valid before 2020-01-01' \
    --intermediates intermediates.pem --time 2019-12-31T23:59:59Z leaf.pem
reason name-mismatch 'is not for a.b.example.test' \
    --intermediates intermediates.pem --host a.b.example.test leaf.pem
reason wrong-usage 'not for this purpose' --intermediates intermediates.pem client.pem
reason unknown-issuer 'CN=Example Unknown CA' --intermediates intermediates.pem other.pem
reason name-constraint 'DNS name www.example.test is excluded by the name constraints of' \
    --intermediates narrow.pem outside.pem
python3 -c "d = bytearray(open('leaf.der', 'rb').read()); d[-1] ^= 1
open('forged.der', 'wb').write(d)"
reason bad-signature 'is not by the key of its issuer' --intermediates intermediates.pem \
    forged.der

for host in www.example.test WWW.Example.Test. any.example.test 192.0.2.1; do
    # shellcheck disable=SC2086
    run 0 cfbundle $now $pool --host $host leaf.pem
done
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --eku clientAuth client.pem
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --eku any client.pem
# shellcheck disable=SC2086
run 1 cfbundle $now $pool --eku emailProtection client.pem

# Profiles: the test PKI is by RFC 5280, but for a leaf without what TLS wants.
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --profile rfc5280 leaf.pem
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --profile webpki leaf.pem
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --profile lenient leaf.pem
openssl req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.pem -days 20000 \
    -subj /CN=www.example.test 2>log
reason profile 'key of under 2048 bits or not of whole bytes: not by the webpki profile' \
    --roots weak.pem --profile webpki --time 2050-01-01 weak.pem
json_is "d['rejected'][0]['rule'], d['rejected'][0]['step']" "key-size 0"
run 2 cfbundle --profile strict leaf.pem
err_has '--profile wants'

# Revocation: all must be told good, or only what CRLs are there for.
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --crl x.crl --crl root-a.crl leaf.pem
cat leaf.pem x-by-a.pem >want
check 'the chain by B has no CRL' cmp -s out want
openssl crl -in x.crl -outform DER -out x.der
cat x.crl root-a.crl >both.crl
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --crl both.crl --crl x.der leaf.pem
reason revocation-unknown 'no valid CRL tells whether certificate 2' \
    --intermediates x-by-a.pem --crl x.crl leaf.pem
reason revocation-unknown 'no valid CRL tells whether certificate 1' \
    --intermediates x-by-a.pem --crl x-stale.crl --crl root-a.crl leaf.pem
reason revoked 'certificate 1 (CN=www.example.test) is revoked' \
    --intermediates intermediates.pem --crl x-revoked.crl leaf.pem
reason revoked 'is revoked' \
    --intermediates intermediates.pem --crl x-revoked.crl --crl-if-present leaf.pem
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --crl x.crl --crl-if-present leaf.pem
run 2 cfbundle --roots roots.pem --crl leaf.pem leaf.pem
err_has 'leaf.pem: no CRL in it, but a certificate'
head -c 100 x.der >cut.crl
run 2 cfbundle --roots roots.pem --crl cut.crl leaf.pem
err_has 'CRL 1 at byte 0 is left out'
run 2 cfbundle --roots roots.pem --crl missing.crl leaf.pem

# A budget is not an answer.
run 2 cfbundle --time 2026-11-20 --roots root-b.pem --intermediates intermediates.pem \
    --max-depth 0 leaf.pem
err_has 'within the length allowed'
run 0 cfbundle --time 2026-11-20 --roots root-b.pem --intermediates intermediates.pem \
    --max-depth 1 leaf.pem
run 2 cfbundle --time 2026-11-20 --roots root-b.pem --intermediates intermediates.pem \
    --max-depth 0 --json leaf.pem
json_is "d['error']['code'], d['counters']['limits_met']" "limit ['length']"

# JSON
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --json leaf.pem
json_is "sorted(d)" \
    "['bundle', 'chains', 'counters', 'fetched', 'leaf', 'rejected', 'schema', 'status']"
json_is "[c['length'] for c in d['chains']], [c['rank'] for c in d['chains']]" \
    '[3, 3, 4] [1, 2, 3]'
json_is "[c['from'] for c in d['chains'][0]['certs']]" "['leaf', 'pool', 'root']"
json_is "d['rejected'][0]['reason'], d['rejected'][0]['step']" "expired 1"
json_is "d['leaf']['subject'], d['leaf']['key'], d['leaf']['not_after']" \
    "CN=www.example.test P-256 2035-01-01T00:00:00Z"
json_is "d['status']['code'], d['bundle'] == open('leaf.pem').read() + open('x-by-a.pem').read()" \
    "ok True"
fingerprint=$(openssl x509 -in x-by-a.pem -outform DER | sha256sum | cut -d ' ' -f 1)
json_is "d['chains'][0]['certs'][1]['sha256']" "$fingerprint"

# Words with -v, a warning about an issuer that ends before the leaf.
run 0 cfbundle -v --time 2026-11-20 --roots roots.pem server.pem
err_has 'chain 1, 3 certificates:'

# Trouble
printf -- '-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n' >bad.pem
cat bad.pem x-by-a.pem >half-bad.pem
# shellcheck disable=SC2086
run 2 cfbundle $now $pool bad.pem
err_has 'not base64'
# shellcheck disable=SC2086
run 2 cfbundle $now $pool --json bad.pem
json_is "d['error']['code']" corrupt-input
run 0 cfbundle --time 2026-11-20 --roots roots.pem --intermediates half-bad.pem leaf.pem
err_has 'half-bad.pem: certificate 1 at byte 0 is left out'
run 0 cfbundle -q --time 2026-11-20 --roots roots.pem --intermediates half-bad.pem leaf.pem
err_is_empty
run 2 cfbundle --roots leaf.key leaf.pem
err_has 'leaf.key: no certificate in it'
run 2 cfbundle --roots missing.pem leaf.pem
err_has 'missing.pem'
run 2 cfbundle leaf.key
run 2 cfbundle missing.pem
run 2 cfbundle
run 2 cfbundle leaf.pem leaf.pem
run 2 cfbundle --eku web leaf.pem
run 2 cfbundle --time soon leaf.pem
run 2 cfbundle --max-depth 254 leaf.pem
# shellcheck disable=SC2086
run 2 cfbundle $now $pool --host 'no host' leaf.pem
err_has 'neither a DNS name nor an IP address'

# Ranking: by platforms, by the root, in cfssl's ways.
root_a=$(openssl x509 -in root-a.pem -outform DER | sha256sum | cut -d ' ' -f 1)
root_b=$(openssl x509 -in root-b.pem -outform DER | sha256sum | cut -d ' ' -f 1)
cat >platforms.yaml <<YAML
version: 1
platforms:
- {name: old, weight: 9, constraints: {enforces_anchor_expiry: false}}
- {name: new, weight: 5}
- {name: rsa-only, weight: 1, constraints: {ecdsa: false}}
stores:
- platforms: [old]
  roots: [$root_b]
- platforms: [new, rsa-only]
  roots: [$root_a]
YAML
ranked="$now $pool --platforms platforms.yaml"
cat leaf.pem x-by-b.pem >by-b.pem
cat leaf.pem x-by-a.pem >by-a.pem
# best FILE OPTION...: with these options the bundle is that of FILE.
best() {
    want_file=$1
    shift
    # shellcheck disable=SC2086
    run 0 cfbundle $ranked "$@" leaf.pem
    check "$*: $want_file" cmp -s out "$want_file"
}
best by-b.pem
best by-b.pem --order ubiquity
best by-b.pem --order security,longest
best by-a.pem --order longest,shortest,ubiquity,security
best by-a.pem --prefer-anchor "$root_a"
best by-a.pem --avoid-anchor "$root_b"
best by-a.pem --require-platform new
best by-b.pem --flavor ubiquitous
best by-a.pem --flavor optimal
best by-a.pem --prefer-anchor "$(openssl x509 -in root-a.pem -noout -fingerprint -sha256 | cut -d = -f 2)"
# shellcheck disable=SC2086
run 1 cfbundle $ranked --require-platform rsa-only leaf.pem
out_is_empty
err_has 'no chain is trusted by every platform that is required'
# shellcheck disable=SC2086
run 1 cfbundle $ranked --json --require-platform rsa-only leaf.pem
json_is "d['error']['code'], d['status']['code'], d['bundle'], len(d['chains'])" \
    "untrusted-platform untrusted-platform None 3"
# shellcheck disable=SC2086
run 2 cfbundle $ranked --require-platform windows-95 leaf.pem
err_has "no platform 'windows-95'"
for option in '--order fastest' '--order shortest,shortest' '--order' '--flavor plain' \
    '--prefer-anchor 00' "--avoid-anchor ${root_a}0" '--flavor optimal --order longest' \
    '--platforms missing.yaml' '--platforms leaf.pem'; do
    # shellcheck disable=SC2086
    run 2 cfbundle $now $pool $option leaf.pem
    out_is_empty
done
# shellcheck disable=SC2086
run 0 cfbundle $ranked --json leaf.pem
json_is "d['chains'][0]['ubiquity']" \
    "{'score': 9, 'trusted': ['old'], 'untrusted': ['new', 'rsa-only']}"
json_is "d['chains'][0]['security'], d['chains'][0]['warnings']" \
    "{'bits': 128, 'weakest_step': 0} ['not-ubiquitous']"
# shellcheck disable=SC2086
run 0 cfbundle $ranked --explain leaf.pem
check 'the bundle beside the words' cmp -s out by-b.pem
err_has 'The best of 3 chains:'
err_has 'trusted root, expires 2049-12-31'
err_has 'valid until 2035-01-01. Its weakest step, certificate 1, has 128 bits.'
err_has 'Trusted by 1 of 3 platforms, weight 9 of 15.'
err_has 'Not by: new, rsa-only.'
err_has 'Chain 2, to CN=Example Root A: 3 certificates; less ubiquitous, weight 5; weaker, 112 bits.'
err_has '1 more'
err_has 'Rejected, expired: certificate 2 (CN=Example Issuing CA X) expired on 2021-01-01.'
# The platforms that ship: who trusts a root that nobody knows.
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --platforms "$CF_SOURCE/data/platforms.yaml" --explain leaf.pem
err_has 'Trusted by 0 of 38 platforms, weight 0 of 122.'
# The example of the manual page.
sed -n '/^[.]Bd -literal/,/^[.]Ed/p' "$CF_SOURCE/man/cfbundle-platforms.5" | grep -v '^[.]' >example.yaml
# shellcheck disable=SC2086
run 0 cfbundle $now $pool --platforms example.yaml --explain leaf.pem
err_has 'Trusted by 0 of 2 platforms, weight 0 of 100.'
# shellcheck disable=SC2086
run 0 cfbundle --time 2034-12-15 $pool leaf.pem
err_has 'warning: certificate 1 (CN=www.example.test) expires on 2035-01-01, within 30 days'

# PKCS #7 and a chain that begins with its root.
openssl crl2pkcs7 -nocrl -certfile server.pem -out server.p7b
openssl crl2pkcs7 -nocrl -certfile server.pem -outform DER -out server.p7c
openssl crl2pkcs7 -nocrl -certfile intermediates.pem -out intermediates.p7b
for bag in server.p7b server.p7c; do
    run 0 cfbundle --time 2026-11-20 --roots roots.pem $bag
    check "$bag" cmp -s out by-a.pem
    err_lacks error
done
run 0 cfbundle --time 2026-11-20 --roots roots.pem --intermediates intermediates.p7b leaf.pem
err_is_empty
cat root-a.pem x-by-a.pem leaf.pem >reversed.pem
run 0 cfbundle --time 2026-11-20 --roots roots.pem reversed.pem
check 'reversed' cmp -s out by-a.pem
err_has 'the chain in the input is out of order'
run 0 cfbundle -q --time 2026-11-20 --roots roots.pem reversed.pem
err_is_empty
openssl pkcs12 -export -inkey leaf.key -in server.pem -passout pass:x -out server.p12
run 2 cfbundle --time 2026-11-20 --roots roots.pem --intermediates server.p12 server.pem
err_has "PKCS #12 is not read here; 'openssl pkcs12 -nokeys' makes PEM of it"
head -c 300 server.p7c >cut.p7c
run 2 cfbundle --time 2026-11-20 --roots roots.pem cut.p7c

# Output: whole or not at all, no clobbering.
# shellcheck disable=SC2086
run 0 cfbundle $now $pool -o bundle.pem leaf.pem
out_is_empty
cat leaf.pem x-by-a.pem >want
check '-o' cmp -s bundle.pem want
# shellcheck disable=SC2086
run 2 cfbundle $now $pool -o bundle.pem --with-root leaf.pem
check 'no clobbering' cmp -s bundle.pem want
# shellcheck disable=SC2086
run 0 cfbundle $now $pool -f -o bundle.pem --json leaf.pem
json_is "d['bundle'] == open('bundle.pem').read()" True
# shellcheck disable=SC2086
run 1 cfbundle $now --roots roots.pem -o nothing.pem leaf.pem
check 'no file after a no' test ! -e nothing.pem
for option in '' --json --all; do
    # shellcheck disable=SC2086
    cfbundle $now $pool $option leaf.pem >/dev/full 2>err
    status=$?
    check "full disk with '$option': exit $status" test "$status" -eq 2
done

# The system's own roots.
SSL_CERT_FILE=roots.pem
export SSL_CERT_FILE
run 0 cfbundle --time 2026-11-20 server.pem
unset SSL_CERT_FILE
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    run 1 cfbundle --time 2026-11-20 server.pem
else
    skip 'this system has no roots at the usual place'
fi
finish
