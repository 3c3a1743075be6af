#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A small PKI with cross-signed intermediates, made with openssl into a folder:
#
#     sh make_pki.sh FOLDER
#
#     Root A (RSA)      Root B (P-256)
#        |      \          /     |
#        |     Issuing CA X    Root A, cross-signed by Root B (a-by-b.pem)
#        |     (x-by-a, x-by-b, and x-expired: the twin by A that has run out)
#        |            |
#     Issuing CA Y    +-- leaf.pem: www.example.test, *.example.test, 192.0.2.1
#     (y-by-a)        +-- expired.pem: www.example.test, ended in 2021
#        |
#        +-- client.pem: a client's certificate
#
# leaf.pem has three chains: by A and by B with 3 certificates, and by A under B
# with 4. Also: root-a.pem, root-b.pem, roots.pem (both), intermediates.pem
# (all but the roots), server.pem (leaf.pem and x-by-a.pem), other.pem (the leaf
# of a CA that nobody knows), outside.pem by narrow.pem, whose name constraints
# exclude it, leaf.key. Valid from 2020 to 2049 unless said otherwise.
#
# CRLs: root-a.crl and x.crl, on which nothing is revoked, x-stale.crl, which
# ended in 2021, and x-revoked.crl, which has leaf.pem.
set -eu

[ $# -eq 1 ] || { echo "usage: make_pki.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
cd "$1"

# Extensions of each kind of certificate, and the registry that "openssl ca"
# wants: unlike "openssl x509" it takes dates in the past.
cat >openssl.cnf <<'CNF'
[ca]
default_ca = any
[any]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = names
crlnumber = crlnumber
crl_extensions = crl
unique_subject = no
email_in_dn = no
[names]
commonName = supplied
[req]
prompt = no
distinguished_name = dn
[dn]
[crl]
authorityKeyIdentifier = keyid
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[issuing]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[narrow]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
nameConstraints = critical, permitted;DNS:example.test, excluded;DNS:www.example.test
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:www.example.test, DNS:*.example.test, IP:192.0.2.1
authorityKeyIdentifier = keyid
[client]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = email:client@example.test
authorityKeyIdentifier = keyid
CNF
: >index.txt
echo 01 >serial
echo 01 >crlnumber

# key NAME: a P-256 key in NAME.key; rsa_key NAME: an RSA one.
key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}

rsa_key() {
    openssl genrsa -out "$1.key" 2048 2>/dev/null
}

# request KEY 'Common Name': a request for a certificate, in KEY.csr.
request() {
    openssl req -new -config openssl.cnf -key "$1.key" -subj "/CN=$2" -out "$1.csr"
}

# sign KEY CA OUT KIND [NOT-AFTER]: CA ("self" or the name of its key, whose
# certificate is CA.pem) issues for KEY.csr a certificate of that kind.
sign() {
    if [ "$2" = self ]; then
        set -- "$1" "$3" "$4" "${5:-}" -selfsign -keyfile "$1.key"
    else
        set -- "$1" "$3" "$4" "${5:-}" -cert "$2.pem" -keyfile "$2.key"
    fi
    request=$1.csr out=$2 kind=$3 until=${4:-20491231000000Z}
    shift 4
    openssl ca -batch -notext -config openssl.cnf -extensions "$kind" -in "$request" \
        -startdate 20200101000000Z -enddate "$until" -out "$out.pem" "$@" 2>log ||
        { cat log >&2; exit 1; }
}

# list CA CERT OUT [NEXT-UPDATE]: the CRL of what is revoked so far.
list() {
    openssl ca -gencrl -config openssl.cnf -cert "$2.pem" -keyfile "$1.key" -out "$3.crl" \
        -crl_lastupdate 20200101000000Z -crl_nextupdate "${4:-20491231000000Z}" 2>log ||
        { cat log >&2; exit 1; }
}

rsa_key root-a
request root-a 'Example Root A'
sign root-a self root-a root

key root-b
request root-b 'Example Root B'
sign root-b self root-b root
sign root-a root-b a-by-b root

key x
request x 'Example Issuing CA X'
sign x root-a x-expired issuing 20210101000000Z
sign x root-b x-by-b issuing 20391231000000Z
sign x root-a x-by-a issuing
cp x-by-a.pem x.pem

key y
request y 'Example Issuing CA Y'
sign y root-a y-by-a issuing
cp y-by-a.pem y.pem

key leaf
request leaf www.example.test
sign leaf x leaf server 20350101000000Z
sign leaf x expired server 20210101000000Z
request leaf client
sign leaf y client client 20350101000000Z

key unknown
request unknown 'Example Unknown CA'
sign unknown self unknown root
request leaf other.example.test
sign leaf unknown other server 20350101000000Z

key narrow
request narrow 'Example Narrow CA'
sign narrow root-a narrow narrow
request leaf www.example.test
sign leaf narrow outside server

list root-a root-a root-a
list x x-by-a x
list x x-by-a x-stale 20210101000000Z
openssl ca -config openssl.cnf -cert x-by-a.pem -keyfile x.key -revoke leaf.pem \
    -crl_reason keyCompromise 2>log || { cat log >&2; exit 1; }
list x x-by-a x-revoked

cat root-a.pem root-b.pem >roots.pem
cat x-expired.pem a-by-b.pem x-by-b.pem x-by-a.pem y-by-a.pem >intermediates.pem
cat leaf.pem x-by-a.pem >server.pem
rm -f ./*.csr ./[0-9A-F][0-9A-F].pem index.txt* serial* crlnumber* log x.pem y.pem openssl.cnf
