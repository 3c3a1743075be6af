# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfsplit --words and cfjoin of such shares.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

printf '0123456789abcdef0123456789abcdef' >key

# Any two of three, recognised by themselves.
run 0 cfsplit --words key
out_is 'share1.key.words
share2.key.words
share3.key.words'
err_is_empty
check 'a share is a line of 33 words' test "$(wc -lw <share1.key.words | tr -s ' ')" = ' 1 33'
check 'a share is private' test "$(stat -c %a share1.key.words)" = 600
run 0 cfjoin share1.key.words share3.key.words -o new
check 'the same key' cmp -s new key
run 0 sh -c 'cfjoin share2.key.words - <share1.key.words'
check 'also from standard input' cmp -s out key
run 0 cfjoin share2.key.words share2.key.words share3.key.words share1.key.words
check 'all three' cmp -s out key
err_has 'share2.key.words: share 2 of group 1 is there already'
run 1 cfjoin share1.key.words
err_has 'more shares are needed: 0 of 1 groups are complete; group 1 lacks 1'
out_is_empty
run 1 cfjoin --json -o x share1.key.words
out_has '{"error":{"code":"need-more"'

# Holders, JSON, all or none.
run 0 cfsplit --json --words -k 3 --holder ann --holder bob --holder cy -o people key
out_has '"set":null,"threshold":3,"count":3,"raw":false,"words":true,"size":32,"lock":null'
out_has '"holder":"ann","file":"people/ann.key.words"'
run 0 cfjoin people/ann.key.words people/bob.key.words people/cy.key.words
check 'the same key' cmp -s out key
run 2 cfsplit --words key
err_has 'exists already'
run 0 cfsplit -f -q --words key

# A word is mistyped, missing, or of another set.
awk '{ $6 = "zzzz"; print }' share1.key.words >typo
run 1 cfjoin typo share2.key.words
err_has 'typo: word 6 is not in the list of words'
err_lacks zzzz
awk '{ $9 = ($9 == "acid" ? "acne" : "acid"); print }' share1.key.words >typo
run 1 cfjoin --json -o x share2.key.words typo
out_has '{"error":{"code":"wrong-share","message":"typo: word 9 is not what was written"'
sed 's/ [a-z]*$//' share1.key.words >short
run 1 cfjoin short share2.key.words
err_has 'short: 32 words'
printf 'fedcba9876543210' >key2
cfsplit -q --words key2 >/dev/null
run 1 cfjoin share1.key.words share1.key2.words
err_has 'share1.key2.words: share 1 of group 1 is of another set'

# Beside shares of the other kind.
echo secret >small
cfsplit -q small >/dev/null
run 1 cfjoin share1.key.words share1.small.cfs
err_has 'share1.small.cfs: another share beside shares in words'
run 1 cfjoin share1.small.cfs share1.key.words
err_has 'share1.key.words: a share in words beside other shares'
run 2 cfjoin --pass-fd 3 share1.small.cfs share2.small.cfs 3<key
err_has 'only shares in words have one'

# Groups.
run 0 cfsplit --words --group 2/3 --group 1/1 --group 2/2 -k 2 key2
out_is 'group1.share1.key2.words
group1.share2.key2.words
group1.share3.key2.words
group2.share1.key2.words
group3.share1.key2.words
group3.share2.key2.words'
run 0 cfjoin group2.share1.key2.words group1.share3.key2.words group1.share1.key2.words
check 'two groups' cmp -s out key2
run 1 cfjoin group1.share1.key2.words group1.share2.key2.words group3.share1.key2.words
err_has '1 of 2 groups are complete; group 3 lacks 1'

# A passphrase; another one gives another key.
echo TREZOR >pass
echo trezor >wrong
run 0 cfsplit -f --words --pass-fd 3 key2 3<pass
run 0 cfjoin --pass-fd 3 share1.key2.words share2.key2.words 3<pass
check 'the right passphrase' cmp -s out key2
run 0 cfjoin --pass-fd 3 share1.key2.words share2.key2.words -o new2 3<wrong
check 'a wrong passphrase' sh -c '! cmp -s new2 key2'
run 0 cfjoin share1.key2.words share2.key2.words -o new3
check 'no passphrase' sh -c '! cmp -s new3 key2'

# What is refused leaves nothing behind.
mkdir none
cd none || exit 2
run 2 sh -c 'printf 123456789012345 | cfsplit --words -'
err_has 'an even number of 16 to 64 bytes, not 15'
run 2 sh -c 'head -c 100 /dev/zero | cfsplit --words -'
err_has '16 to 64 bytes, not 65'
run 2 cfsplit --words -n 17 ../key
err_has 'words are for up to 16 shares'
run 2 cfsplit --words --raw ../key
run 2 cfsplit --words --label x ../key
run 2 cfsplit --group 2/3 ../key
err_has '--group and passphrases go with --words'
run 2 cfsplit --passphrase ../key
run 2 cfsplit --words --group 2/3 -n 3 ../key
run 2 cfsplit --words --group 2/3 -k 2 ../key
for bad in 3/2 0/1 2/17 2 2/ /2 a/b 2/3/4; do
    run 2 cfsplit --words --group $bad ../key
    err_has '--group wants K/N'
done
run 2 cfsplit --words --group 1/2 ../key
err_has '1 of 2 would hand out the same words'
run 2 cfjoin --raw --passphrase ../key
err_has 'raw shares have no passphrase'
check 'nothing is left' test -z "$(find . -type f ! -name out ! -name err)"
cd ..

# The official vectors.
if data split/slip39.json && command -v python3 >/dev/null 2>&1; then
    run 0 python3 - "$data_file" <<'EOF'
import json, subprocess, sys
for item in json.load(open(sys.argv[1]))['items']:
    names = []
    for i, words in enumerate(item['mnemonics']):
        names.append('vector%d' % i)
        open(names[-1], 'w').write(words + '\n')
    done = subprocess.run(['sh', '-c', 'cfjoin --pass-fd 3 "$@" 3<pass', 'sh'] + names,
                          capture_output=True)
    if item['valid']:
        assert done.returncode == 0, (item['description'], done.stderr)
        assert done.stdout.hex() == item['master_secret'], item['description']
    else:
        assert done.returncode in (1, 2) and done.stdout == b'', item['description']
EOF
fi
finish
