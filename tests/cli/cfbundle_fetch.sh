# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Issuers over the network, from a server on this host that knows no manners.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

for program in openssl python3; do
    if ! command -v $program >/dev/null; then
        skip "no $program"
        finish
    fi
done

# json_is EXPRESSION TEXT: the object in ./out, as d in python, says this.
json_is() {
    got=$(python3 -c "import json; d = json.load(open('out')); print($1)" 2>&1)
    check "$1 is '$got', not '$2'" test "$got" = "$2"
}

# --- a server, and over TLS a second one whose certificate nobody trusts ---
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.pem -days 3650 \
    -subj /CN=nobody 2>log || cat log
mkdir www
mkfifo stop stop_tls
python3 "$CF_SOURCE/tests/cli/aia_server.py" www requests <stop >port &
server=$!
python3 "$CF_SOURCE/tests/cli/aia_server.py" www requests tls.pem tls.key <stop_tls >port_tls &
server_tls=$!
exec 8>stop 9>stop_tls
trap 'exec 8>&- 9>&-; wait $server $server_tls; cd / && rm -rf "$work"' EXIT
: >requests
while ! [ -s port ] || ! [ -s port_tls ]; do
    kill -0 $server && kill -0 $server_tls || exit 2
    sleep 0.1
done
base=http://127.0.0.1:$(cat port)
tls=https://127.0.0.1:$(cat port_tls)

# --- a chain: root, a, b, c, and leaves by c that name different URLs ---
# issue NAME ISSUER 'extensions': NAME.pem, with the key NAME.key if there is one.
issue() {
    [ -f "$1.key" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
    printf '%b' "$3" >ext
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" 2>log || cat log
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 3650 \
        -extfile ext -out "$1.pem" 2>log || cat log
    openssl x509 -in "$1.pem" -outform DER -out "www/$1.der"
}
# leaf NAME URL...: a leaf by c.
leaf() {
    name=$1
    shift
    urls=
    for url in "$@"; do urls="$urls,caIssuers;URI:$url"; done
    printf 'authorityInfoAccess=%s\n' "${urls#,}" >ext
    openssl x509 -req -in leaf.csr -CA c.pem -CAkey c.key -CAcreateserial -days 365 \
        -extfile ext -out "$name.pem" 2>log || cat log
}
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr \
    -subj /CN=leaf 2>log || cat log
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key \
    -out root.pem -days 3650 -subj /CN=root 2>log || cat log
ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n'
issue a root "$ca"
issue b a "${ca}authorityInfoAccess=caIssuers;URI:$base/a.pem\n"
issue c b "${ca}authorityInfoAccess=caIssuers;URI:$base/b.p7c\n"
cp a.pem c.pem www
openssl crl2pkcs7 -nocrl -certfile b.pem -outform DER -out www/b.p7c
openssl crl2pkcs7 -nocrl -certfile c.pem -out www/c.p7b
echo '<html>Welcome</html>' >www/html
: >www/empty
head -c 100 www/c.der >www/damaged
cat root.pem >www/root.pem
sh -c 'cat a.pem b.pem c.pem' >www/all.pem
cat a.pem b.pem >ab.pem

leaf three "$base/c.der"
cat three.pem c.pem b.pem a.pem >want

# --- the main job: three links, in DER, PKCS #7 and PEM ---
run 1 cfbundle --roots root.pem three.pem
err_has 'no issuer of certificate 1 (CN=leaf): CN=c'
err_has 'hint: certificate 1 says where its issuer is; --fetch gets it from there'
check 'no network without --fetch' test ! -s requests
run 0 cfbundle --version
run 2 cfbundle --roots root.pem --fetch-private three.pem
err_has 'are for --fetch'
cfbundle --roots root.pem --fetch --fetch-private three.pem >out 2>err
if grep -q 'built without libcurl\|libcurl is not installed' err; then
    run 2 cfbundle --roots root.pem --fetch --json three.pem
    json_is "d['error']['code']" not-supported
    skip 'no libcurl'
    finish
fi
# fetch 0 OPTION... LEAF
fetch() {
    status=$1
    shift
    : >requests
    run "$status" cfbundle --roots root.pem --fetch --fetch-private --fetch-timeout 20s "$@"
}
asked() {
    check "requests: $(cut -d ' ' -f 1 requests | tr '\n' ' '), not $1" \
        test "$(cut -d ' ' -f 1 requests | tr '\n' ' ')" = "$1 "
}
fetch 0 three.pem
err_is_empty
check 'three links' cmp -s out want
asked '/c.der /b.p7c /a.pem'
check 'user agent' grep -q "cfbundle/$(cfbundle --version | cut -d ' ' -f 3) (libcfkit)" requests
fetch 0 -v three.pem
err_has "$base/b.p7c: 1 certificates that were not known"
fetch 0 --json three.pem
json_is "[c['from'] for c in d['chains'][0]['certs']]" \
    "['leaf', 'fetched', 'fetched', 'fetched', 'root']"
json_is "d['counters']['fetches'], [f['code'] for f in d['fetched']]" "3 ['ok', 'ok', 'ok']"
json_is "d['fetched'][0]['url'] == '$base/c.der', d['fetched'][0]['certs']" 'True 1'
json_is "d['counters']['fetched_bytes'] == sum(f['bytes'] for f in d['fetched'])" True
python3 "$CF_SOURCE/tests/cli/cfbundle_schema.py" <out >complaints 2>&1
check "schema: $(head -n 3 complaints)" test ! -s complaints
fetch 0 --explain three.pem
err_has 'fetched, expires'
fetch 0 --intermediates ab.pem --intermediates c.pem three.pem
check 'nothing asked where all is there' test ! -s requests

# --- other answers ---
for file in c.pem c.p7b all.pem; do
    leaf other "$base/$file"
    fetch 0 --intermediates ab.pem other.pem
    asked "/$file"
done
cp c.pem www/c.unknown
leaf twice "$base/gone" "$base/c.unknown"
fetch 0 -v --intermediates ab.pem twice.pem
asked '/gone /c.unknown'
err_has "$base/gone: the server answered 404"

# bad URL 'words': no chain, and the words say why.
bad() {
    leaf bad "$1"
    fetch "${3:-1}" --intermediates ab.pem bad.pem
    err_has "warning: $1: $2"
    out_is_empty
}
bad "$base/gone" 'the server answered 404'
bad "$base/html" 'no certificate in the 21 bytes that came'
bad "$base/empty" 'no certificate in the 0 bytes that came'
bad "$base/damaged" 'no certificate'
bad "$base/endless" 'an answer of more than 262144 bytes'
bad "$base/endless-redirect" 'the server answers without an end'
bad "$base/endless-header" 'the server answers without an end'
bad "$base/round" 'more than 5 redirects'
bad "$base/hops/6" 'more than 5 redirects'
bad "$base/to-nowhere" 'the server answered 302'
bad "$base/to-file" ''
err_has 'file'
bad "$base/cut" ''
bad http://127.0.0.1:1/ ''
bad "file://$PWD/www/c.der" 'neither an http nor an https URL'
bad ldap://127.0.0.1/cn=c 'neither an http nor an https URL'
bad "http://me:word@127.0.0.1:$(cat port)/c.der" 'a URL with a user name'
check 'no request with a user name' test ! -s requests
leaf hops "$base/hops/5"
fetch 0 --intermediates ab.pem hops.pem
leaf never "$base/never"
run 1 cfbundle --roots root.pem --intermediates ab.pem --fetch --fetch-private --fetch-timeout 200ms \
    never.pem
err_has "$base/never: the server took too long"
leaf nevers "$base/never" "$base/never?2" "$base/never?3"
run 1 cfbundle --roots root.pem --intermediates ab.pem --fetch --fetch-private --fetch-max-time 200ms \
    --json nevers.pem
json_is "[f['code'] for f in d['fetched']], d['error']['code']" \
    "['timeout', 'timeout', 'timeout'] unknown-issuer"
python3 "$CF_SOURCE/tests/cli/cfbundle_schema.py" <out >complaints 2>&1
check "schema: $(head -n 3 complaints)" test ! -s complaints

# --- limits ---
fetch 2 --limit fetches=2 three.pem
err_has 'no chain was found within the fetches allowed'
asked '/c.der /b.p7c'
fetch 0 --limit fetches=3 three.pem
fetch 2 --limit fetch-depth=2 --json three.pem
json_is "d['counters']['limits_met'], d['error']['code']" "['fetches'] limit"
fetch 0 --limit fetch-depth=3 three.pem
size=$(wc -c <www/c.der)
fetch 1 --limit fetch-size=$((size - 1)) three.pem
err_has "more than $((size - 1)) bytes"
fetch 0 --intermediates ab.pem --limit fetch-size="$size" three.pem
fetch 2 --limit fetch-total="$size" three.pem
asked '/c.der'
fetch 0 --limit fetch-total=1M three.pem

# --- loops, and what is not trusted ---
issue c b "${ca}authorityInfoAccess=caIssuers;URI:$base/b2.der\n"
cp c.pem www
issue b c "${ca}authorityInfoAccess=caIssuers;URI:$base/c.der\n"
mv www/b.der www/b2.der
leaf loop "$base/c.der"
fetch 1 loop.pem
asked '/c.der /b2.der'
openssl req -x509 -key c.key -out self.pem -days 3650 -subj /CN=c 2>log || cat log
cp self.pem www
leaf trap "$base/self.pem"
fetch 1 trap.pem
err_has 'is issued by itself, and no trusted root'

# --- over TLS the content is what counts ---
cp ab.pem www
leaf secure "$tls/ab.pem"
fetch 1 secure.pem
asked '/ab.pem'
err_lacks 'SSL'

# --- hosts of this machine or network only if asked for ---
: >requests
for host in 127.0.0.1 localhost 0x7f000001 2130706433 127.1 '[::ffff:127.0.0.1]' 169.254.169.254; do
    leaf inside "http://$host:$(cat port)/c.der"
    run 1 cfbundle --roots root.pem --fetch --fetch-timeout 20s inside.pem
    err_has 'not on the public internet (--fetch-private allows it)'
done
check 'no request to this host' test ! -s requests
# A proxy of the environment would hide where a request goes.
run 1 env http_proxy="$base" all_proxy="$base" cfbundle --roots root.pem --fetch inside.pem
check 'no request to a proxy' test ! -s requests

# --- keeping what was found ---
rm c.pem b.pem
issue b a "${ca}authorityInfoAccess=caIssuers;URI:$base/a.pem\n"
issue c b "${ca}authorityInfoAccess=caIssuers;URI:$base/b.p7c\n"
openssl crl2pkcs7 -nocrl -certfile b.pem -outform DER -out www/b.p7c
leaf kept "$base/c.der"
fetch 0 --keep kept kept.pem
mv out first
names=
for cert in a b c; do
    names="$names $(openssl x509 -in $cert.pem -outform DER | sha256sum | cut -d ' ' -f 1).pem"
done
# shellcheck disable=SC2086 # names, to be split
check 'one file a certificate' test "$(ls kept)" = "$(printf '%s\n' $names | sort)"
check 'a kept one is that one' cmp -s "kept/$(sha256sum www/c.der | cut -d ' ' -f 1).pem" c.pem
fetch 0 --keep kept --json kept.pem
check 'nothing asked again' test ! -s requests
json_is "[c['from'] for c in d['chains'][0]['certs']][1:4]" "['pool', 'pool', 'pool']"
fetch 0 --keep kept kept.pem
check 'the same bundle' cmp -s out first
run 0 cfbundle --roots root.pem --intermediates kept kept.pem
fetch 1 --keep none trap.pem
check 'what leads nowhere is not kept' test ! -e none
fetch 2 --keep missing/folder kept.pem
err_has 'missing/folder'
fetch 2 --keep /dev/null kept.pem

# --- all issuers, not only those that are missing ---
issue a root "$ca"
fetch 0 --all --intermediates kept kept.pem
check 'all are asked for' grep -q '^/a.pem' requests
: >requests
fetch 0 --intermediates kept kept.pem
check 'otherwise nobody is' test ! -s requests

# --- usage ---
for option in '--fetch-timeout 0' '--fetch-timeout soon' '--fetch-max-time 2h' '--limit fetches=0' \
    '--limit fetches' '--limit steps=3' '--limit fetch-size=x' '--flavor force' '--fetch=yes'; do
    # shellcheck disable=SC2086 # to be split
    run 2 cfbundle --fetch $option kept.pem
done
run 2 cfbundle --keep kept kept.pem

# --- and without --fetch, no system call of the network ---
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    run 1 env ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=network -o calls \
        cfbundle --roots root.pem kept.pem
    check "no network: $(head -n 1 calls)" test -z "$(grep -v 'exited with\|+++\|---' calls)"
else
    skip 'no strace'
fi
finish
