# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# How chains are judged and told of: policies, limits, force, the JSON in every
# member, wrong inputs by their kind, and where the system's roots are.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

for program in openssl python3; do
    if ! command -v $program >/dev/null; then
        skip "no $program"
        finish
    fi
done
check 'make_pki.sh' sh "$CF_SOURCE/tests/cli/make_pki.sh" pki
cd pki || exit 2
now='--time 2026-11-20T08:00:00Z'
pool='--roots roots.pem --intermediates intermediates.pem'

json_is() {
    got=$(python3 -c "import json; d = json.load(open('out')); print($1)" 2>&1)
    check "$1 is '$got', not '$2'" test "$got" = "$2"
}
# schema STATUS OPTION...: the JSON has the form that the manual tells.
schema() {
    status=$1
    shift
    run "$status" cfbundle --json "$@"
    python3 "$CF_SOURCE/tests/cli/cfbundle_schema.py" <out >complaints 2>&1
    check "schema of cfbundle $*: $(head -n 3 complaints)" test ! -s complaints
}

# --- the JSON, member by member ---
# shellcheck disable=SC2086 # options, to be split
{
    schema 0 $now $pool leaf.pem
    schema 0 $now $pool --with-root --all leaf.pem
    schema 0 $now $pool --platforms "$CF_SOURCE/data/platforms.yaml" leaf.pem
    schema 1 $now $pool --platforms "$CF_SOURCE/data/platforms.yaml" --require-platform debian-12 leaf.pem
    schema 0 --time 2034-12-15 $pool leaf.pem
    json_is "d['chains'][0]['warnings'], d['status']['messages']" \
        "['expiring'] ['certificate 1 (CN=www.example.test) expires on 2035-01-01, within 30 days']"
    schema 1 $now $pool expired.pem
    schema 1 $now $pool --profile webpki client.pem
    schema 1 $now $pool --host other.test leaf.pem
    json_is "d['status']['messages'], d['rejected'][0]['step']" \
        "['certificate 1 (CN=www.example.test) is not for other.test'] 0"
    schema 1 $now --roots root-a.pem other.pem
    json_is "d['error']['message']" \
        'no issuer of certificate 1 (CN=other.example.test): CN=Example Unknown CA'
    schema 1 $now --roots root-a.pem unknown.pem
    json_is "d['error']['message']" \
        'certificate 1 (CN=Example Unknown CA) is issued by itself, and no trusted root'
    schema 1 $now $pool --intermediates narrow.pem outside.pem
    schema 1 $now $pool --crl x.crl --intermediates x-by-a.pem leaf.pem
    schema 2 $now $pool --max-depth 0 leaf.pem
    schema 2 $now $pool --limit expansions=1 leaf.pem
    json_is "d['counters']['limits_met'], d['error']['code']" "['expansions'] limit"
    schema 0 $now $pool --limit chains=1 leaf.pem
    json_is "len(d['chains']), d['counters']['limits_met']" "1 ['chains']"
    schema 0 $now $pool --limit rejected=1 --limit signatures=100 --limit failures=9 \
        --limit comparisons=1000 leaf.pem
    schema 0 $now --flavor force --roots roots.pem server.pem
    cat root-a.pem x-by-a.pem leaf.pem >reversed.pem
    schema 0 $now --roots roots.pem reversed.pem
    json_is "d['status']['messages'][0]" 'the chain in the input is out of order; servers send the certificate first, then its issuer, and so on'
}

# --- force: the chain as it is ---
# shellcheck disable=SC2086
{
    run 0 cfbundle $now $pool --flavor force server.pem
    err_is_empty
    check 'the chain of the file' cmp -s out server.pem
    cat leaf.pem x-by-b.pem a-by-b.pem >mixed.pem
    run 1 cfbundle $now $pool --flavor force mixed.pem
    out_is_empty
    run 0 cfbundle --time 2030-01-01 --roots root-b.pem --flavor force server.pem
    check 'an untrusted chain, all the same' cmp -s out server.pem
    err_has 'warning: the chain is taken as it is, but not valid: no issuer of certificate 2 (CN=Example Issuing CA X): CN=Example Root A'
    run 0 cfbundle --time 2040-01-01 $pool --flavor force server.pem
    err_has 'not valid: certificate 1 (CN=www.example.test) expired on 2035-01-01'
    run 0 cfbundle --time 2040-01-01 $pool --flavor force reversed.pem
    cat leaf.pem x-by-a.pem root-a.pem >want
    check 'a reversed chain is turned round' cmp -s out server.pem
    run 0 cfbundle --time 2040-01-01 $pool --flavor force --with-root reversed.pem
    check 'with its root' cmp -s out want
    schema 0 --time 2040-01-01 $pool --flavor force server.pem
    json_is "d['status']['code'], d['chains'][0]['warnings'][-1], d['rejected'][0]['reason']" \
        "ok invalid expired"
    for option in --all '--order longest' "--prefer-anchor $(printf %064d 0)" \
        "--avoid-anchor $(printf %064d 0)" --fetch; do
        run 2 cfbundle $now $pool --flavor force $option server.pem
        err_has '--flavor force takes the chain of CERT as it is'
    done
}

# --- policies ---
# issue NAME ISSUER 'extensions'
issue() {
    [ -f "$1.key" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
    printf '%b' "$3" >ext
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" 2>log || cat log
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 3650 \
        -extfile ext -out "$1.pem" 2>log || cat log
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout p.key -out p.pem \
    -days 3650 -subj /CN=p 2>log || cat log
ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n'
issue any p "${ca}certificatePolicies=2.5.29.32.0\n"
issue maps p "${ca}certificatePolicies=1.2.3.1\npolicyMappings=1.2.3.1:1.2.3.2\n"
issue under-any any 'certificatePolicies=1.2.3.2\n'
issue under-maps maps 'certificatePolicies=1.2.3.2\n'
issue plain any 'keyUsage=digitalSignature\n'
by="--roots p.pem --intermediates any.pem --intermediates maps.pem"
# shellcheck disable=SC2086
{
    run 0 cfbundle $by plain.pem
    run 0 cfbundle $by --policy 1.2.3.9 plain.pem
    run 1 cfbundle $by --explicit-policy plain.pem
    err_has 'none of the policies'
    run 0 cfbundle $by --explicit-policy under-any.pem
    run 0 cfbundle $by --explicit-policy --policy 1.2.3.9 --policy 1.2.3.2 under-any.pem
    run 0 cfbundle $by --explicit-policy --policy 1.2.3.9,1.2.3.2 under-any.pem
    schema 1 $by --explicit-policy --policy 1.2.3.9 under-any.pem
    json_is "d['error']['code'], d['rejected'][0]['reason']" 'no-policy no-policy'
    run 1 cfbundle $by --explicit-policy --inhibit-any-policy under-any.pem
    run 0 cfbundle $by --explicit-policy --policy 1.2.3.1 under-maps.pem
    run 1 cfbundle $by --explicit-policy --policy 1.2.3.2 under-maps.pem
    run 1 cfbundle $by --explicit-policy --inhibit-mapping under-maps.pem
    for oid in '' 1 1.2. x '1.2.3.4,' 9.9.9; do
        run 2 cfbundle $by --explicit-policy --policy "$oid" plain.pem
    done
    long=$(printf %04000d 0)
    run 2 cfbundle $by --policy "1.$long" --policy "1.$long" plain.pem
    err_has 'too many of --policy'
}

# --- SHA-1 only where it is asked for, and warned of ---
openssl x509 -req -sha1 -in plain.csr -CA any.pem -CAkey any.key -CAcreateserial -days 365 \
    -out old.pem 2>log || cat log
# shellcheck disable=SC2086
if openssl x509 -in old.pem -noout -text | grep -q -i 'sha1'; then
    run 1 cfbundle $by old.pem
    err_has 'is signed with ecdsa-with-SHA1, which is too weak'
    run 0 cfbundle $by --allow-sha1 old.pem
    err_has 'warning: certificate 1 (CN=plain) is signed with ecdsa-with-SHA1'
    schema 0 $by --allow-sha1 old.pem
    json_is "d['chains'][0]['warnings']" "['sha1']"
else
    skip 'this openssl signs nothing with SHA-1'
fi

# --- warnings that name the certificate ---
openssl req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.pem -days 365 \
    -subj /CN=weak 2>log || cat log
run 0 cfbundle --roots weak.pem weak.pem
err_has 'warning: certificate 1 (CN=weak) has an RSA key of only 1024 bits'
# shellcheck disable=SC2086
run 0 cfbundle -v $now $pool --platforms "$CF_SOURCE/data/platforms.yaml" leaf.pem
err_has 'not trusted by'
err_has ' and 30 more'

# --- what is no certificate is told by its kind ---
openssl pkey -in leaf.key -outform DER -out key.der
openssl pkey -in leaf.key -pubout -out public.pem
openssl pkey -in leaf.key -pubout -outform DER -out public.der
openssl req -in plain.csr -outform DER -out csr.der
openssl crl -in x.crl -outform DER -out crl.der
: >empty
printf ' \n\n' >blank
printf '\357\273\277<!DOCTYPE html>\n<p>Login</p>\n' >page.html
echo '{"a": 1}' >x.json
echo 'ssh-ed25519 AAAA me' >id.pub
echo 'Hello' >hello.txt
head -c 100 /dev/zero >zeros
printf -- '-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----\n' >dh.pem
printf -- '-----BEGIN PGP MESSAGE-----\nAA==\n-----END PGP MESSAGE-----\n' >pgp.pem
printf '0\003\012\001\001' >ocsp.der
while read -r file kind; do
    run 2 cfbundle --roots roots.pem "$file"
    err_is "cfbundle: error: $file: no certificate in it, but $kind"
    run 2 cfbundle --roots "$file" leaf.pem
    err_is "cfbundle: error: $file: no certificate in it, but $kind"
    run 2 cfbundle --roots roots.pem --intermediates "$file" --json leaf.pem
    json_is "d['error']['code']" not-found
    [ "$kind" = 'a CRL' ] && continue
    run 2 cfbundle --roots roots.pem --crl "$file" leaf.pem
    err_is "cfbundle: error: $file: no CRL in it, but $kind"
done <<'KINDS'
leaf.key a private key
key.der a private key
public.pem a public key
public.der a public key
plain.csr a certificate request
csr.der a certificate request
x.crl a CRL
crl.der a CRL
empty nothing at all
blank nothing at all
page.html HTML or XML
x.json JSON
id.pub an SSH key
hello.txt text without any PEM
zeros data of a kind that is not known
dh.pem parameters of a key
pgp.pem PEM of another kind
ocsp.der an OCSP response
KINDS
printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >bad.pem
run 2 cfbundle --roots bad.pem leaf.pem
err_has 'bad.pem: no certificate in it that can be used'
cat leaf.key bad.pem >key-and-bad.pem
run 2 cfbundle --roots roots.pem key-and-bad.pem
err_has 'no certificate:'
run 2 cfbundle --roots roots.pem missing.pem
err_has 'missing.pem: No such file'
run 2 cfbundle --roots roots.pem .
mkdir nothing
run 2 cfbundle --roots nothing leaf.pem
err_has 'no trusted root in what --roots names'
cp hello.txt nothing
run 2 cfbundle --roots nothing --json leaf.pem
json_is "d['error']['code']" not-found

# --- the system's roots, and what names others ---
mkdir certs other
cp root-a.pem certs
cp root-b.pem other
run 0 env SSL_CERT_FILE=root-a.pem cfbundle --time 2026-11-20 server.pem
run 1 env SSL_CERT_FILE=root-b.pem cfbundle --time 2026-11-20 server.pem
run 2 env SSL_CERT_FILE=gone.pem cfbundle --time 2026-11-20 server.pem
err_has 'gone.pem: No such file'
run 2 env SSL_CERT_FILE=leaf.key cfbundle --time 2026-11-20 server.pem
err_has 'leaf.key: no certificate in it, but a private key'
run 0 env SSL_CERT_DIR=other:gone:certs cfbundle --time 2026-11-20 server.pem
run 1 env SSL_CERT_DIR=other cfbundle --time 2026-11-20 server.pem
run 0 env SSL_CERT_FILE=root-b.pem SSL_CERT_DIR=certs cfbundle --time 2026-11-20 server.pem
run 0 env SSL_CERT_FILE=gone.pem cfbundle --time 2026-11-20 --roots roots.pem server.pem
finish
