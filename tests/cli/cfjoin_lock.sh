# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfjoin: locks that people open, and the secret for one command.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

cheap='--memory 8K --passes 1'
echo 'open sesame' >key
for name in alice bob; do
    # shellcheck disable=SC2086 # options, to be split
    echo "words of $name" | cflock key new $cheap --pass-fd 0 $name.cfkey >$name.pub || exit 2
    echo "$name: $(cat $name.pub)" >>people.yaml
    echo "words of $name" >$name.pass
done
for name in carol dave; do
    echo "words of $name" >$name.pass
done
cat carol.pass dave.pass >both.pass
# shellcheck disable=SC2086
cfsplit $cheap --policy '2 of (alice, bob, carol, dave)' --people people.yaml --ask carol \
    --ask dave --pass-fd 3 -o db.cfl key 3<both.pass || exit 2

# Identities, passphrases, both; in any order, each with its own descriptor or one for all.
run 0 cfjoin db.cfl --as carol --as dave --pass-fd 3 --pass-fd 4 3<carol.pass 4<dave.pass
out_is 'open sesame'
err_is_empty
run 0 cfjoin --as carol --as dave --pass-fd 3 db.cfl 3<both.pass
out_is 'open sesame'
cat alice.pass bob.pass >ids.pass
run 0 cfjoin db.cfl --identity alice.cfkey --identity bob.cfkey --pass-fd 3 3<ids.pass
out_is 'open sesame'
cat dave.pass alice.pass >mixed.pass
run 0 cfjoin db.cfl --as dave --as alice --identity alice.cfkey --pass-fd 3 3<mixed.pass -o secret
out_is_empty
check 'the secret is right' cmp -s secret key
check 'the secret is private' test "$(stat -c %a secret)" = 600
run 2 cfjoin db.cfl --as carol --as dave --pass-fd 3 -o secret 3<both.pass
err_has 'secret: exists already'
run 0 cfjoin -f --json db.cfl --as carol --as dave --pass-fd 3 -o secret 3<both.pass
out_is '{"output":"secret","size":12,"raw":false}'
run 0 sh -c 'cat db.cfl | cfjoin - --as carol --as dave --pass-fd 3 3<both.pass'
out_is 'open sesame'

# Nobody named: all who have a passphrase are asked; an empty one is not here.
run 0 cfjoin db.cfl --pass-fd 3 3<both.pass
out_is 'open sesame'
{ echo; cat dave.pass; } >one.pass
run 1 cfjoin db.cfl --pass-fd 3 3<one.pass
err_has 'db.cfl: not enough people; alice would do'

# Who is wrong is named.
run 1 cfjoin db.cfl --as carol --as dave --pass-fd 3 --pass-fd 4 3<carol.pass 4<carol.pass
out_is_empty
err_has 'dave: wrong passphrase'
run 1 cfjoin --json -o x db.cfl --as carol --pass-fd 3 3<dave.pass
out_has '{"error":{"code":"wrong-passphrase"'
run 1 cfjoin db.cfl --identity alice.cfkey --pass-fd 3 3<bob.pass
err_has 'alice.cfkey: wrong passphrase'
# shellcheck disable=SC2086
cflock key new $cheap --pass-fd 3 eve.cfkey 3<alice.pass >eve.pub
run 1 cfjoin db.cfl --identity eve.cfkey --pass-fd 3 3<alice.pass
err_has 'eve.cfkey: this identity does not open the lock'
run 1 cfjoin --json -o x db.cfl --as carol --pass-fd 3 3<carol.pass
out_has '"code":"need-more"'
run 1 cfjoin --json -o x db.cfl --as carol --as carol --pass-fd 3 --pass-fd 4 3<carol.pass 4<carol.pass
out_has '"code":"need-more"'
run 2 cfjoin db.cfl --as mallory --pass-fd 3 3<carol.pass
err_has "nobody named 'mallory' opens it, but 2 of (alice, bob, carol, dave)"
run 2 cfjoin db.cfl --as alice --as carol --pass-fd 3 3<carol.pass
err_has 'alice: opens it with an identity; name its file with --identity'
run 2 cfjoin db.cfl --identity key --pass-fd 3 3<carol.pass
err_has 'key: not an identity'
check 'no file' test ! -e x

# Damage: one copy of the head is told and harmless, all else is refused.
open_it() {
    run "$1" cfjoin "$2" --as carol --as dave --pass-fd 3 -o x 3<both.pass
}
flip() { # FILE OFFSET
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # an escape made here
    printf "\\$(printf %o $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
for at in 0 9 30 200 32767 32768 32800 40000; do
    cp db.cfl hurt.cfl
    flip hurt.cfl $at
    open_it 0 hurt.cfl
    err_has 'one copy of its head is damaged'
    check "byte $at: the secret is right" cmp -s x key
    rm -f x
done
flip hurt.cfl 100
open_it 2 hurt.cfl
err_has "hurt.cfl: both copies of the lock file's head are damaged"
for at in 65536 65560 65592 65600 65610; do
    cp db.cfl hurt.cfl
    flip hurt.cfl $at
    open_it 2 hurt.cfl
    check "byte $at: nothing left behind" test ! -e x
done
head -c 65610 db.cfl >hurt.cfl
open_it 2 hurt.cfl
err_has 'hurt.cfl: the sealed secret is damaged or cut short'
head -c 65536 db.cfl >hurt.cfl
open_it 2 hurt.cfl
err_has 'cut short'
head -c 40000 db.cfl >hurt.cfl
open_it 2 hurt.cfl
{ cat db.cfl; echo; } >hurt.cfl
open_it 2 hurt.cfl
run 2 cfjoin --json -o x hurt.cfl --as carol --as dave --pass-fd 3 3<both.pass
out_has '"code":"corrupt-input"'
check 'nothing left behind' test ! -e x

# Of another lock with the same people.
# shellcheck disable=SC2086
cfsplit $cheap --policy 'carol and dave' --ask carol --ask dave --pass-fd 3 -o two.cfl key 3<both.pass
{ head -c 65536 db.cfl; tail -c +65537 two.cfl; } >swapped.cfl
open_it 2 swapped.cfl
err_has 'swapped.cfl: the sealed secret does not belong to this key'

# Large ones, through a file and held back for a pipe.
head -c 300000 /dev/urandom >big
cfsplit --policy 'alice and bob' --people people.yaml -o big.cfl big || exit 2
run 0 cfjoin big.cfl --identity alice.cfkey --identity bob.cfkey --pass-fd 3 -o back 3<ids.pass
check 'a large one' cmp -s back big
head -c 350000 big.cfl >cut.cfl
run 2 cfjoin cut.cfl --identity alice.cfkey --identity bob.cfkey --pass-fd 3 3<ids.pass
out_is_empty

# One command gets the secret, and nothing else of ours.
run 0 cfjoin db.cfl --as carol --as dave --pass-fd 3 --exec cat 3<both.pass
out_is 'open sesame'
run 0 cfjoin db.cfl --as carol --as dave --pass-fd 3 --exec sh -c 'cat >got; [ ! -e /proc/self/fd/3 ]' 3<both.pass
check 'it gets all of it, and no passphrase' cmp -s got key
run 1 cfjoin db.cfl --as carol --as dave --pass-fd 3 --exec sh -c 'exit 7' 3<both.pass
err_has 'sh: ended with status 7'
run 1 cfjoin --json db.cfl --as carol --as dave --pass-fd 3 --exec sh -c 'kill -9 $$' 3<both.pass
out_has '"code":"killed"'
err_has 'sh: ended by signal 9'
run 2 cfjoin --json db.cfl --as carol --as dave --pass-fd 3 --exec ./no-such-command 3<both.pass
out_has '"code":"exec-failed"'
run 0 cfjoin --json db.cfl --as carol --as dave --pass-fd 3 --exec true 3<both.pass
out_is '{"command":"true","size":12,"raw":false}'
run 1 cfjoin db.cfl --as carol --pass-fd 3 --exec touch ran 3<carol.pass
run 2 cfjoin hurt.cfl --as carol --as dave --pass-fd 3 --exec touch ran 3<both.pass
check 'nothing runs for nothing' test ! -e ran
cfsplit key >/dev/null
run 0 cfjoin share1.key.cfs share2.key.cfs --exec sha256sum
out_has "$(sha256sum <key)"

# Shares beside.
run 1 cfjoin db.cfl share1.key.cfs --as carol --pass-fd 3 3<carol.pass
err_has 'db.cfl: people open it, not shares'
run 2 cfjoin share1.key.cfs share2.key.cfs --as carol --pass-fd 3 3<carol.pass
err_has 'they go with a lock file'

# A bad share is told and harmless where the others are enough.
sed '$d' share3.key.cfs >bad.cfs
run 0 cfjoin share1.key.cfs bad.cfs share2.key.cfs
out_is 'open sesame'
err_has 'warning: bad.cfs: '

# The audit tells of every try.
run 1 cfjoin db.cfl --audit-fd 4 --as carol --as dave --pass-fd 3 3<mixed.pass 4>audit
check 'one line' test "$(wc -l <audit)" -eq 1
has audit '"event":"gave","person":"carol","result":"wrong-passphrase"}'
run 2 cfjoin db.cfl --audit-fd 4 --as carol --as dave --pass-fd 3 -o x 3<both.pass 4>/dev/full
err_has 'the audit: No space left'
check 'what no one can be told of does not happen' test ! -e x
run 0 cfjoin db.cfl --audit-fd 4 --as carol --as dave --pass-fd 3 3<both.pass 4>audit
check 'three lines' test "$(wc -l <audit)" -eq 3
has audit '"event":"gave","person":"carol","result":"ok"}'
has audit '"event":"opened","person":null,"result":"ok"}'
lacks audit words
lacks audit sesame

# A second reader, written from cfl(5), reads the same.
if python3 -c 'from cryptography.hazmat.primitives.kdf.argon2 import Argon2id' 2>/dev/null; then
    run 0 python3 "$CF_SOURCE/tests/interop/cfl_reader.py" db.cfl 'dave=words of dave' 'carol=words of carol'
    out_is 'open sesame'
else
    skip 'no cryptography with Argon2id for python3'
fi

# Usage.
run 2 cfjoin db.cfl --exec
err_has '--exec wants a command'
run 2 cfjoin db.cfl -o x --exec cat
err_has 'not to both'
run 2 cfjoin --raw --as alice key
err_has 'no people'
run 2 cfjoin db.cfl two.cfl
err_has 'a second lock file'
finish
