# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfbundle --key: the private key that a certificate is for, and no other.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

if ! command -v openssl >/dev/null; then
    skip 'no openssl command to make keys with'
    finish
fi

# json_is EXPRESSION TEXT: the object in ./out, as d in python, says this.
json_is() {
    got=$(python3 -c "import json; d = json.load(open('out')); print($1)" 2>&1)
    check "$1 is '$got', not '$2'" test "$got" = "$2"
}

# new NAME OPTION...: a key in NAME.key and a certificate of its own in NAME.pem.
new() {
    name=$1
    shift
    check "the key $name" openssl genpkey "$@" -out "$name.key" 2>log
    check "the certificate $name" openssl req -x509 -new -key "$name.key" -subj "/CN=$name" \
        -days 9000 -out "$name.pem" 2>log
}
new rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
new other -algorithm RSA -pkeyopt rsa_keygen_bits:2048
new p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
new p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
new ed25519 -algorithm ED25519
printf 'correct horse\nsomething else\n' >pass
printf 'battery staple\n' >wrong

# fits NAME KEY OPTION...: KEY is that of NAME.pem, which comes out.
fits() {
    name=$1
    key=$2
    shift 2
    run 0 cfbundle --roots "$name.pem" --eku any --key "$key" "$@" "$name.pem"
    check "$key: the bundle" cmp -s out "$name.pem"
    err_is_empty
}

# Every form that openssl writes.
for name in rsa p256 p384; do
    kind=rsa
    [ "$name" = rsa ] || kind=ec
    fits "$name" "$name.key"
    openssl "$kind" -in "$name.key" -out "$name-old.key" 2>log
    fits "$name" "$name-old.key"
    openssl "$kind" -in "$name.key" -outform DER -out "$name-old.der" 2>log
    fits "$name" "$name-old.der"
    openssl pkcs8 -topk8 -nocrypt -in "$name.key" -outform DER -out "$name.der"
    fits "$name" "$name.der"
done
openssl rsa -in rsa.key -traditional -out rsa-pkcs1.key 2>log
fits rsa rsa-pkcs1.key
openssl ec -in p256.key -no_public -out half.key 2>log
fits p256 half.key
# Ed25519's signature is not verified by every back end, but nothing is verified here.
run 0 cfbundle -v --roots ed25519.pem --eku any --key ed25519.key ed25519.pem
err_has 'ed25519.key: the private key is that of the certificate'

# Encrypted: a passphrase from a descriptor, the first line.
for option in '-v2 aes-256-cbc' '-v2 aes-128-cbc' '-v2 des3' '-v2prf hmacWithSHA1'; do
    # shellcheck disable=SC2086
    openssl pkcs8 -topk8 -in p256.key $option -iter 2000 -passout 'pass:correct horse' -out locked.key
    fits p256 locked.key --pass-fd 3 3<pass
done
openssl pkcs8 -topk8 -in p256.key -outform DER -passout 'pass:correct horse' -out locked.der
fits p256 locked.der --pass-fd 3 3<pass
for cipher in aes256 aes128 des3; do
    openssl rsa -in rsa.key -traditional -$cipher -passout 'pass:correct horse' -out locked-rsa.key 2>log
    fits rsa locked-rsa.key --pass-fd 3 3<pass
done
for key in locked.key locked.der; do
    run 1 cfbundle --roots p256.pem --eku any --key $key --pass-fd 3 p256.pem 3<wrong
    out_is_empty
    err_is "cfbundle: error: $key: private key: the passphrase is wrong, or the file is damaged"
done
run 1 cfbundle --json --roots p256.pem --key locked.key --pass-fd 3 p256.pem 3<wrong
json_is "d['error']['code']" wrong-passphrase
if command -v setsid >/dev/null; then
    run 2 setsid -w cfbundle --roots p256.pem --key locked.key p256.pem </dev/null
    err_has 'no terminal to ask on; give it a descriptor with --pass-fd'
fi
openssl pkcs8 -topk8 -in p256.key -scrypt -scrypt_N 1024 -passout 'pass:correct horse' -out scrypt.key
run 2 cfbundle --roots p256.pem --key scrypt.key --pass-fd 3 p256.pem 3<pass
err_has "derived by scrypt, which is not read; 'openssl pkcs8 -topk8' writes it anew"

# Another key: no, with both named, before any bundle.
# another NAME KEY WORDS
another() {
    run 1 cfbundle --roots "$1.pem" --eku any --key "$2" "$1.pem"
    out_is_empty
    err_is "cfbundle: error: $2: the private key ($3"
    run 1 cfbundle --json --roots "$1.pem" --eku any --key "$2" -o made.pem "$1.pem"
    json_is "d['error']['code']" key-mismatch
    check 'no file after a no' test ! -e made.pem
}
another rsa other.key 'RSA, 2048 bits) is not that of the certificate (RSA, 2048 bits)'
another rsa p256.key 'P-256) is not that of the certificate (RSA, 2048 bits)'
another p256 p384.key 'P-384) is not that of the certificate (P-256)'
another p384 ed25519.key 'Ed25519) is not that of the certificate (P-384)'
another ed25519 rsa.key 'RSA, 2048 bits) is not that of the certificate (Ed25519)'

# The other point with the same x: order - scalar; and a public part that lies.
python3 - <<'PYTHON'
n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
der = bytearray(open("p256-old.der", "rb").read())
scalar = int.from_bytes(der[7:39], "big")
half = bytes.fromhex("302f0201010420") + (n - scalar).to_bytes(32, "big")
open("negative.der", "wb").write(half[:1] + bytes([49]) + half[2:] + bytes.fromhex("a00a06082a8648ce3d030107"))
der[-1] ^= 1
open("lying.der", "wb").write(der)
PYTHON
another p256 negative.der 'P-256) is not that of the certificate (P-256)'
run 2 cfbundle --roots p256.pem --key lying.der p256.pem
err_has 'its public part is that of another key'

# One file for all, as servers have it, and standard input.
cat p256.pem p256.key >all.pem
fits p256 all.pem
run 0 cfbundle --roots p256.pem --eku any --key all.pem all.pem
check 'the key is not printed' cmp -s out p256.pem
cat p256.key p256.pem >all.pem
run 0 cfbundle --roots p256.pem --eku any --key all.pem all.pem
check 'the key is not printed' cmp -s out p256.pem
cfbundle --roots p256.pem --eku any --key - p256.pem <p256.key >out
check 'a key on standard input' cmp -s out p256.pem
for option in '' --json --explain -v; do
    # shellcheck disable=SC2086
    cfbundle $option --roots p256.pem --eku any --key all.pem all.pem >said 2>&1
    grep -v -e - p256.key >secrets
    check "$option: no line of the key is printed" test "$(grep -cFf secrets said)" -eq 0
done

# Trouble.
run 2 cfbundle --roots p256.pem --key p256.pem p256.pem
err_is 'cfbundle: error: p256.pem: no private key in the file'
run 2 cfbundle --json --roots p256.pem --key p256.pem p256.pem
json_is "d['error']['code']" not-found
run 2 cfbundle --roots p256.pem --key missing.key p256.pem
err_has 'missing.key'
head -n 2 p256.key >cut.key
run 2 cfbundle --roots p256.pem --key cut.key p256.pem
err_has 'it has no END line'
openssl ecparam -name prime256v1 -param_enc explicit -genkey -noout -out explicit.key
run 2 cfbundle --roots p256.pem --key explicit.key p256.pem
err_has 'its curve is given by explicit parameters; only named curves are read'
run 2 cfbundle --roots p256.pem --key - - <p256.key
err_has 'standard input is read once'
run 2 cfbundle --roots p256.pem --key p256.key --pass-fd 9 p256.pem
err_has '--pass-fd wants an open descriptor'
run 2 cfbundle --roots p256.pem --key locked.key --pass-fd 3 p256.pem 3</dev/null
err_has 'the input ends before it'
finish
