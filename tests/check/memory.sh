# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# After a join no passphrase, share or key is in the memory of the process, in a core
# or in a forked child, and nothing but the output gets the secret. Known secrets are
# looked for by both halves of their bytes; that the search finds what is there is
# tested as well.
# usage: memory.sh BUILD
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

build=$1
libraries='-lmbedcrypto -largon2 -lzstd -lyaml -lm'
command='memory'
build() {
    # shellcheck disable=SC2086
    gcc -std=c11 -O2 -I"$CF_SOURCE/lib" -I"$CF_SOURCE/include" -I"$build/lib" \
        "$CF_SOURCE/tests/check/memory.c" "$build/lib/libcfkit.a" $libraries -o look &&
        gcc -shared -fPIC "$CF_SOURCE/tests/check/memory_stop.c" -o stop.so
}
build >built 2>&1 || {
    not_ok 'the programs do not build'
    head -n 20 built
    finish
}

# find_in KIND WHAT: what is found, in ./found.
find_in() {
    python3 "$CF_SOURCE/tests/check/memory_find.py" needles "$1" "$2" >found 2>said || {
        not_ok "the search failed: $(tail -n 1 said)"
        return 1
    }
}

hex() {
    printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

# stopped COMMAND...: run it until it stands still or its end; its number in $pid.
stopped() {
    "$@" >out 2>err &
    pid=$!
}

let_go() {
    kill -CONT "$pid"
    wait "$pid"
}

plain='the quick brown fox jumps over the lazy dog, secretly'
printf '%s' "$plain" >secret
cfsplit --holder alice --holder bob --holder carol secret >/dev/null
mv alice.secret.cfs alice
mv bob.secret.cfs bob
./look shares alice bob >needles || not_ok 'no needles of shares'
echo "plaintext $(hex "$plain")" >>needles
if ! stopped ./look join open alice bob || ! find_in pid "$pid"; then
    kill -CONT "$pid"
    wait "$pid"
    skip 'the memory of a process cannot be read here'
    ok
    finish
fi

# The library, while the secret is there: it and the shares are in locked memory alone.
let_go
check 'the search finds the plaintext, once' grep -qx 'plaintext 1 locked' found
check 'and the shares' grep -qx 'share [0-9]* locked' found
check 'and nothing else' test "$(grep -c . found)" -eq 2
stopped ./look join freed alice bob
find_in pid "$pid" && is_empty found
let_go

# A forked child sees zeros.
stopped ./look join fork alice bob
for _ in 1 2 3 4 5 6 7 8 9 10; do
    child=$(grep -v '^0$' out)
    [ -z "$child" ] || break
    sleep 0.3
done
parent=$pid
find_in pid "$child" && is_empty found
kill -CONT "$child"
pid=$parent
let_go

# A core that was forced while the secret is there.
case $(cat /proc/sys/kernel/core_pattern) in
core | core.%p)
    ./look join core alice bob >out 2>err
    core=$(find . -name 'core*' -type f | head -n 1)
    if [ -n "$core" ]; then
        find_in file "$core" && is_empty found
        check 'the core is one' test "$(stat -c %s "$core")" -gt 10000
        rm -f "$core"
    else
        skip 'no core was written'
    fi
    ;;
*) skip 'cores go elsewhere here' ;;
esac

# The tool, at its end: nothing is left, not even the plaintext.
stopped env LD_PRELOAD="$work/stop.so" "$CF_TOOLS/cfjoin" alice bob -o joined
find_in pid "$pid" && is_empty found
let_go
check 'the tool joined' cmp -s joined secret

# So is it where the shares are made.
mkdir made
stopped env LD_PRELOAD="$work/stop.so" "$CF_TOOLS/cfsplit" -o made -n 2 secret
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ ! -e made/share2.secret.cfs ] || break
    sleep 0.3
done
./look shares made/share1.secret.cfs made/share2.secret.cfs >needles
echo "plaintext $(hex "$plain")" >>needles
find_in pid "$pid" && is_empty found
let_go

# A lock for people with passphrases.
printf 'alice: passphrase\nbob: passphrase\n' >people.yaml
first='correct horse battery staple'
second='tr0ub4dor and three more'
printf '%s\n' "$first" >pass1
printf '%s\n' "$second" >pass2
if cfsplit --policy 'alice and bob' --ask alice --ask bob --pass-fd 3 --pass-fd 4 -o lock.cfl secret \
    3<pass1 4<pass2 >out 2>err; then
    ./look lock lock.cfl "$first" "$second" >needles || not_ok 'no needles of the lock'
    echo "plaintext $(hex "$plain")" >>needles
    stopped env LD_PRELOAD="$work/stop.so" "$CF_TOOLS/cfjoin" lock.cfl --as alice --as bob \
        --pass-fd 3 --pass-fd 4 -o unlocked 3<pass1 4<pass2
    find_in pid "$pid" && is_empty found
    let_go
    check 'the tool unlocked' cmp -s unlocked secret
    log_of_lock=yes
else
    not_ok "no lock: $(cat err)"
fi

# What is written, anywhere, is the output once.
if strace -o trace true 2>/dev/null; then
    strace -f -qq -xx -s 100000 -e trace=write,writev,pwrite64,sendto,sendmsg -o trace \
        "$CF_TOOLS/cfjoin" ${log_of_lock:+lock.cfl --as alice --as bob --pass-fd 3 --pass-fd 4} \
        -f -o unlocked 3<pass1 4<pass2 >out 2>err
    find_in writes trace && is found 'plaintext 1 write'
else
    skip 'strace does not work here'
fi

# A private key that is compared: not its number, nor its text, nor its passphrase.
# key_needles FILE...: the number of key.pem, and lines of the files.
key_needles() {
    number=$(openssl ec -in key.pem -text -noout 2>log | sed -n '/priv:/,/pub:/p' | grep '^ ' | tr -d ' :\n')
    echo "number $number" >needles
    for file in "$@"; do
        grep -v -e - -e : "$file" | head -n 2 | while read -r line; do
            [ -z "$line" ] || echo "text $(hex "$line")"
        done >>needles
    done
}
if openssl ecparam -name prime256v1 -genkey -noout -out key.pem 2>log; then
    openssl req -x509 -new -key key.pem -subj /CN=x -days 9000 -out cert.pem 2>log
    openssl pkcs8 -topk8 -in key.pem -passout "pass:$first" -out locked.pem
    openssl ec -in key.pem -aes256 -passout "pass:$first" -out old.pem 2>log
    cat cert.pem key.pem >both.pem
    key_needles key.pem locked.pem old.pem
    echo "passphrase $(hex "$first")" >>needles
    for key in key.pem locked.pem old.pem both.pem; do
        stopped env LD_PRELOAD="$work/stop.so" "$CF_TOOLS/cfbundle" --roots cert.pem --eku any \
            --key "$key" --pass-fd 3 both.pem 3<pass1
        command="memory of cfbundle --key $key"
        find_in pid "$pid" && is_empty found
        let_go
        check "$key was compared" cmp -s out cert.pem
    done
    command='memory'
else
    skip 'no openssl command to make a key with'
fi
finish
