# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfsplit --policy: locks for named people.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

cheap='--memory 8K --passes 1'
echo 'open sesame' >key
for name in alice bob carol; do
    # shellcheck disable=SC2086 # options, to be split
    echo "words of $name" | cflock key new $cheap --pass-fd 0 $name.cfkey >$name.pub || exit 2
    echo "$name: $(cat $name.pub)" >>people.yaml
done
echo 'words of dave' >dave.pass

# The main job.
# shellcheck disable=SC2086
run 0 cfsplit $cheap --policy '2 of (alice, bob, dave)' --people people.yaml --ask dave \
    --pass-fd 3 -o db.cfl key 3<dave.pass
out_is_empty
err_is_empty
check 'the lock is private' test "$(stat -c %a db.cfl)" = 600
check 'head, payload, no more' test "$(stat -c %s db.cfl)" -eq $((65536 + 56 + 12 + 16))
run 0 cfjoin db.cfl --as dave --identity bob.cfkey --pass-fd 3 --pass-fd 4 3<dave.pass 4<<E
words of bob
E
out_is 'open sesame'
run 2 cfsplit --policy 'alice and bob' --people people.yaml -o db.cfl key
err_has 'db.cfl: exists already'
run 0 cfsplit -f --json --policy 'alice and bob' --people people.yaml -o db.cfl key
out_has '"policy":"alice and bob","generation":1,"size":12'
run 0 sh -c "cfsplit --policy '(2, alice, bob, carol)' --people people.yaml - <key >piped.cfl"
run 0 cflock show piped.cfl
out_has 'policy: 2 of (alice, bob, carol)'
run 0 sh -c "cfsplit --policy 'alice & (bob | carol)' --people - -o other.cfl key <people.yaml"
run 0 cflock show other.cfl
out_has 'policy: alice and (bob or carol)'
out_has "alice: $(cat alice.pub)"

# An empty secret is one.
run 0 cfsplit --policy 'alice and bob' --people people.yaml -o empty.cfl /dev/null
check 'it has a size' test "$(stat -c %s empty.cfl)" -eq $((65536 + 56 + 16))

# Who cannot be: nothing is left behind.
run 1 cfsplit --policy 'alice or bob' --people people.yaml -o x.cfl key
err_has "'alice' alone would meet the policy"
err_has '--allow-single allows it'
run 1 cfsplit --json --policy alice --people people.yaml -o x.cfl key
out_has '"code":"one-person"'
run 0 cfsplit --allow-single --policy 'alice or bob' --people people.yaml -o single.cfl key
run 2 cfsplit --policy 'alice and eve' --people people.yaml -o x.cfl key
err_has "'eve' has no key yet"
err_has '--ask for a passphrase'
run 2 cfsplit --policy 'alice and (bob' --people people.yaml -o x.cfl key
err_has 'column'
run 2 cfsplit --policy '3 of (alice, bob)' --people people.yaml -o x.cfl key
run 2 cfsplit --policy 'alice and bob' --people people.yaml --ask mallory --pass-fd 3 -o x.cfl key 3<dave.pass
err_has "mallory: the policy has nobody named 'mallory'"
echo "eve: $(cat alice.pub)" >>people.yaml
run 2 cfsplit --policy 'alice and eve' --people people.yaml -o x.cfl key
err_has "'alice' and 'eve' have the same key"
check 'no file' test ! -e x.cfl
check 'none with another name' test -z "$(find . -name '.x.cfl*')"

# People files that are none.
bad_people() {
    printf '%b' "$1" >bad.yaml
    run 2 cfsplit --policy 'alice and bob' --people bad.yaml -o x.cfl key
    err_has "$2"
}
bad_people 'alice: age1abc\n' 'bad.yaml: line 1: alice: '
bad_people "alice: $(cat alice.pub)\nalice: $(cat bob.pub)\n" 'line 2: this name is there already'
bad_people '- alice\n- bob\n' 'not a map'
bad_people 'alice: [1, 2]\n' 'a name and a public text are wanted'
bad_people 'alice: !!int 5\n' 'a name and a public text are wanted'
bad_people 'alice: "x\n' 'bad.yaml: line'
bad_people "alice: $(cat alice.pub)\n---\nbob: $(cat bob.pub)\n" 'a second document'
bad_people '' 'not a map'
run 2 cfsplit --policy 'alice and bob' --people nowhere.yaml -o x.cfl key
err_has 'nowhere.yaml'
head -c 2000000 /dev/zero | tr '\0' a >huge.yaml
run 2 cfsplit --policy 'alice and bob' --people huge.yaml -o x.cfl key
check 'no file' test ! -e x.cfl

# Passphrases that are none.
: >nothing
echo >empty
run 2 cfsplit --policy 'alice and dave' --people people.yaml --ask dave --pass-fd 3 -o x.cfl key 3<nothing
err_has 'the input ends before it'
run 2 cfsplit --policy 'alice and dave' --people people.yaml --ask dave --pass-fd 3 -o x.cfl key 3<empty
err_has 'dave: an empty passphrase keeps nothing'
check 'no file' test ! -e x.cfl

# Passphrases that nobody has to make up.
# shellcheck disable=SC2086
run 0 cfsplit $cheap --policy 'dave and eve' --generate dave --generate eve -o g.cfl key
check 'two lines of six words' test "$(grep -cx '[a-z]*: [a-z]* [a-z]* [a-z]* [a-z]* [a-z]* [a-z]*' out)" -eq 2
sed 's/.*: //' out >words
run 0 cfjoin g.cfl --as dave --as eve --pass-fd 3 3<words
out_is 'open sesame'
# shellcheck disable=SC2086
run 0 cfsplit -f $cheap --json --policy 'alice and dave' --people people.yaml --generate dave -o g.cfl key
out_has '"passphrases":{"dave":"'
run 2 cfsplit --policy 'alice and dave' --people people.yaml --generate dave key
err_has '--generate wants -o FILE'
run 2 cfsplit --policy 'alice and dave' --people people.yaml --generate dave --pass-fd 3 -o x.cfl key 3<dave.pass
err_has '--pass-fd goes with --ask'

# The audit.
run 0 cfsplit --audit-fd 3 --policy 'alice and bob' --people people.yaml -o a.cfl key 3>audit
check 'one line' test "$(wc -l <audit)" -eq 1
has audit '"event":"sealed","person":null,"result":"ok"'
run 2 cfsplit --audit-fd 3 --policy 'alice and bob' --people people.yaml -o x.cfl key 3>/dev/full
err_has 'the audit: No space left'
check 'what no one can be told of does not happen' test ! -e x.cfl
run 2 cfsplit --audit-fd 9 --policy 'alice and bob' --people people.yaml key
err_has '--audit-fd wants an open descriptor'

# Usage, a full disk.
run 2 cfsplit -k 2 --policy 'alice and bob' --people people.yaml key
err_has 'no options of shares'
run 2 cfsplit --people people.yaml key
err_has 'go with --policy'
run 2 cfsplit --policy 'alice and bob' --people people.yaml --json key
err_has '--json wants -o FILE'
run 2 cfsplit --policy 'alice and bob' --pass-fd 3 key 3<dave.pass
err_has '--pass-fd goes with --ask'
run 2 cfsplit --memory 1K --policy 'alice and bob' key
err_has '--memory wants a size'
run 2 cfsplit --passes 17 --policy 'alice and bob' key
err_has '--passes wants a number'
run 2 cfsplit --policy 'alice and bob' --people people.yaml -o x.cfl nowhere
err_has 'nowhere: No such file'
cfsplit --policy 'alice and bob' --people people.yaml key >/dev/full 2>err
check 'a full disk is noticed' test $? -eq 2
check 'no file' test ! -e x.cfl
finish
