# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cflock show, add, remove, policy, rekey: who opens a lock.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

cheap='--memory 8K --passes 1'
echo 'open sesame' >key
for name in alice bob carol; do
    # shellcheck disable=SC2086 # options, to be split
    echo "words of $name" | cflock key new $cheap --pass-fd 0 $name.cfkey >$name.pub || exit 2
    echo "$name: $(cat $name.pub)" >>people.yaml
    echo "words of $name" >$name.pass
done
echo 'words of dave' >dave.pass
echo 'words of eve' >eve.pass
cat alice.pass bob.pass >ab.pass

fresh() {
    cfsplit -f --policy '2 of (alice, bob)' --people people.yaml -o db.cfl key || exit 2
}
by_alice_and_bob='--identity alice.cfkey --identity bob.cfkey --pass-fd 3'
opens() { # FILE KEY KEY
    run "$1" cfjoin "$2" --identity "$3.cfkey" --identity "$4.cfkey" --pass-fd 3 --pass-fd 4 \
        3<"$3.pass" 4<"$4.pass"
}

# What a lock says needs no secret.
fresh
run 0 cflock show db.cfl
out_has 'db.cfl: a lock that people open'
out_has 'policy: alice and bob'
out_has ', generation 1'
out_has "bob: $(cat bob.pub)"
run 0 sh -c 'cflock show --json - <db.cfl'
out_has '"kind":"people"'
out_has '"policy":"alice and bob","generation":1'
cfsplit -o shares key >/dev/null
run 0 cflock show db.cfl shares/share1.key.cfs
out_has 'share 1, 2 of 3 needed'
out_has 'the secret is inside'
run 2 cflock show key
err_has 'key: not a share'
run 2 cflock show --json nowhere
out_has '"code":"io"'

# Add: the payload stays where and what it is.
tail -c +65537 db.cfl >payload
inode=$(stat -c %i db.cfl)
# shellcheck disable=SC2086
run 0 cflock add db.cfl "carol=$(cat carol.pub)" $by_alice_and_bob 3<ab.pass
out_is_empty
err_is 'cflock: db.cfl: now 2 of (alice, bob, carol) opens it'
tail -c +65537 db.cfl | cmp -s - payload
check 'the payload is the same' test $? -eq 0
check 'in the same file' test "$(stat -c %i db.cfl)" = "$inode"
opens 0 db.cfl alice carol
out_is 'open sesame'
run 0 cflock show db.cfl
out_has ', generation 2'
err_is_empty
# shellcheck disable=SC2086
run 0 cflock add -q $cheap db.cfl --ask dave --as alice $by_alice_and_bob --pass-fd 4 --pass-fd 5 \
    3<alice.pass 4<bob.pass 5<dave.pass
err_is_empty
run 0 cfjoin db.cfl --as dave --identity carol.cfkey --pass-fd 3 --pass-fd 4 3<dave.pass 4<carol.pass
out_is 'open sesame'

# Remove: and the honest word about it.
cp db.cfl before.cfl
# shellcheck disable=SC2086
run 0 cflock remove db.cfl bob dave $by_alice_and_bob 3<ab.pass
err_has 'now alice and carol opens it'
err_has 'copies of the file from before still open as they did'
opens 1 db.cfl alice bob
err_has 'bob.cfkey: this identity does not open the lock'
opens 0 db.cfl alice carol
opens 0 before.cfl alice bob
check 'no old head stays in the file' test "$(grep -c dave db.cfl)" -eq 0

# Policy: another one, and a new key for somebody who stays.
fresh
# shellcheck disable=SC2086
run 0 cflock policy $cheap db.cfl 'alice and (bob or carol or dave)' --people people.yaml \
    --ask dave $by_alice_and_bob --json 3<<E
words of alice
words of bob
words of dave
E
out_has '"policy":"alice and (bob or carol or dave)","generation":2'
run 0 cfjoin db.cfl --as dave --identity alice.cfkey --pass-fd 3 --pass-fd 4 3<dave.pass 4<alice.pass
opens 1 db.cfl bob carol
err_has 'not enough people; alice would do'
# shellcheck disable=SC2086
run 0 cflock policy -q $cheap db.cfl 'alice and (bob or carol or dave)' --ask dave $by_alice_and_bob \
    --pass-fd 4 --pass-fd 5 3<alice.pass 4<bob.pass 5<eve.pass
run 1 cfjoin db.cfl --as dave --pass-fd 3 3<dave.pass
err_has 'dave: wrong passphrase'
run 0 cfjoin db.cfl --as dave --identity alice.cfkey --pass-fd 3 --pass-fd 4 3<eve.pass 4<alice.pass
# A people file with another key for somebody who stays changes nothing.
echo "alice: $(cat carol.pub)" >liar.yaml
# shellcheck disable=SC2086
run 0 cflock policy -q db.cfl 'alice and bob' --people liar.yaml $by_alice_and_bob 3<ab.pass
opens 0 db.cfl alice bob

# A passphrase that nobody has to make up.
# shellcheck disable=SC2086
run 0 cflock add -q $cheap db.cfl --generate eve $by_alice_and_bob 3<ab.pass
sed -n 's/^eve: //p' out >words
run 0 cfjoin db.cfl --as eve --identity alice.cfkey --pass-fd 3 --pass-fd 4 3<words 4<alice.pass
out_is 'open sesame'
# shellcheck disable=SC2086
run 0 cflock remove -q db.cfl eve $by_alice_and_bob 3<ab.pass

# Rekey: old copies open the old payload only.
cp db.cfl before.cfl
# shellcheck disable=SC2086
run 0 cflock rekey db.cfl $by_alice_and_bob 3<ab.pass
err_has 'copies of the old file still open'
opens 0 db.cfl alice bob
out_is 'open sesame'
{ head -c 65536 before.cfl; tail -c +65537 db.cfl; } >mixed.cfl
opens 2 mixed.cfl alice bob
err_has 'does not belong to this key'
# shellcheck disable=SC2086
run 0 cflock rekey db.cfl "carol=$(cat carol.pub)" --policy 'alice and carol' -o new.cfl \
    $by_alice_and_bob 3<ab.pass
opens 0 new.cfl alice carol
opens 0 db.cfl alice bob
# shellcheck disable=SC2086
run 2 cflock rekey db.cfl -o new.cfl $by_alice_and_bob 3<ab.pass
err_has 'new.cfl: exists already'
head -c 300000 /dev/urandom >big
cfsplit --policy 'alice and bob' --people people.yaml -o big.cfl big || exit 2
# shellcheck disable=SC2086
run 0 cflock rekey -q big.cfl $by_alice_and_bob 3<ab.pass
run 0 cfjoin big.cfl --identity alice.cfkey --identity bob.cfkey --pass-fd 3 -o back 3<ab.pass
check 'a large payload' cmp -s back big
head -c 200000 big.cfl >cut.cfl
cp cut.cfl before
# shellcheck disable=SC2086
run 2 cflock rekey cut.cfl $by_alice_and_bob 3<ab.pass
check 'a damaged lock is left as it is' cmp -s cut.cfl before

# Nothing changes where something is wrong.
unchanged() { # STATUS COMMAND...
    cp db.cfl before
    run "$@"
    check "$command: the lock is as it was" cmp -s db.cfl before
}
fresh
unchanged 1 cflock add db.cfl "carol=$(cat carol.pub)" --identity alice.cfkey --pass-fd 3 3<alice.pass
err_has 'not enough people; bob would do'
unchanged 1 cflock add --json db.cfl "carol=$(cat carol.pub)" --identity alice.cfkey --pass-fd 3 3<bob.pass
out_has '"code":"wrong-passphrase"'
# shellcheck disable=SC2086
unchanged 2 cflock add db.cfl "bob=$(cat carol.pub)" $by_alice_and_bob 3<ab.pass
err_has "the policy has 'bob' already"
# shellcheck disable=SC2086
unchanged 2 cflock add db.cfl "carol=$(cat bob.pub)" $by_alice_and_bob 3<ab.pass
err_has "'bob' and 'carol' have the same key"
# shellcheck disable=SC2086
unchanged 2 cflock add db.cfl carol=age1nonsense $by_alice_and_bob 3<ab.pass
err_has 'carol: '
# shellcheck disable=SC2086
unchanged 2 cflock remove db.cfl bob $by_alice_and_bob 3<ab.pass
err_has "without 'bob' nobody could meet the policy"
# shellcheck disable=SC2086
unchanged 2 cflock remove db.cfl mallory $by_alice_and_bob 3<ab.pass
err_has 'mallory: nobody of that name'
# shellcheck disable=SC2086
unchanged 1 cflock policy db.cfl 'alice or bob' $by_alice_and_bob 3<ab.pass
err_has '--allow-single allows it'
# shellcheck disable=SC2086
unchanged 2 cflock policy db.cfl 'alice and eve' $by_alice_and_bob 3<ab.pass
err_has "'eve' has no key yet"
# shellcheck disable=SC2086
unchanged 2 cflock add db.cfl "carol=$(cat carol.pub)" $by_alice_and_bob --audit-fd 4 3<ab.pass 4>/dev/full
err_has 'the audit'
chmod 400 db.cfl
if [ "$(id -u)" -ne 0 ]; then
    # shellcheck disable=SC2086
    unchanged 2 cflock add db.cfl "carol=$(cat carol.pub)" $by_alice_and_bob 3<ab.pass
    err_has 'Permission denied'
else
    skip 'root may write everywhere'
fi
chmod 600 db.cfl
if command -v flock >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    unchanged 2 flock db.cfl cflock add --json db.cfl "carol=$(cat carol.pub)" $by_alice_and_bob 3<ab.pass
    out_has '"code":"busy"'
else
    skip 'no flock'
fi
# shellcheck disable=SC2086
run 0 cflock policy db.cfl --allow-single 'alice or bob' $by_alice_and_bob --audit-fd 4 3<ab.pass 4>audit
has audit '"event":"changed"'
run 0 cfjoin db.cfl --identity bob.cfkey --pass-fd 3 3<bob.pass
out_is 'open sesame'

# One hurt copy of the head: told, and mended by the next change.
fresh
printf x | dd of=db.cfl bs=1 seek=33000 conv=notrunc 2>/dev/null
run 0 cflock show db.cfl
err_has 'one copy of its head is damaged'
# shellcheck disable=SC2086
run 0 cflock add -q db.cfl "carol=$(cat carol.pub)" $by_alice_and_bob 3<ab.pass
run 0 cflock show db.cfl
err_is_empty

# A lock of 10 GiB, most of it a hole: what is written is the head.
truncate -s 10G db.cfl
if command -v strace >/dev/null 2>&1 && strace -o trace true 2>/dev/null; then
    # shellcheck disable=SC2086
    run 0 env ASAN_OPTIONS=detect_leaks=0 strace -o trace -e trace=pwrite64,write,pwritev,fsync,read,pread64 \
        cflock remove -q db.cfl carol $by_alice_and_bob 3<ab.pass
    written=$(sed -n 's/^pwrite64([^)]*) *= \([0-9]*\)$/\1/p' trace | awk '{ n += $1 } END { print n + 0 }')
    check 'two copies of the head, no more' test "$written" -eq 65536
    check 'each of them synced' test "$(grep -c '^fsync' trace)" -eq 2
    written=$(sed -n 's/^pwrite64(.*, \([0-9]*\)) *= 32768$/\1/p' trace | sort -n | tr '\n' ' ')
    check 'at their places' test "$written" = '0 32768 '
    read=$(sed -n 's/^read(.*) *= \([0-9]*\)$/\1/p' trace | awk '{ n += $1 } END { print n + 0 }')
    check 'nor is the payload read' test "$read" -lt 200000
else
    skip 'strace does not work here'
fi

# Usage.
run 2 cflock add db.cfl
err_has 'add wants people'
run 2 cflock add db.cfl carol
err_has "'carol' has no key"
run 2 cflock remove db.cfl
err_has 'remove wants the names'
run 2 cflock policy db.cfl
err_has 'policy wants a lock file and a policy'
run 2 cflock add - x=y
err_has 'add wants a file, not -'
run 2 cflock show
err_has 'show wants a file'
cfsplit -f -o locked big >/dev/null
run 2 cflock add locked/big.cfl "carol=$(cat carol.pub)" --pass-fd 3 3<ab.pass
err_has 'shares open it, not people'
run 2 cflock add key "carol=$(cat carol.pub)" --pass-fd 3 3<ab.pass
err_has 'key: not a lock file'
finish
