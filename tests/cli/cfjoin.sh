# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

echo 'open sesame' >key
cfsplit --holder alice --holder bob --holder carol key >/dev/null
mv alice.key.cfs alice
mv bob.key.cfs bob
mv carol.key.cfs carol

# The main job, to standard output and to a file.
run 0 cfjoin alice bob
out_is 'open sesame'
err_is_empty
run 0 cfjoin carol bob alice -o secret
out_is_empty
check 'the secret is right' cmp -s secret key
check 'the secret is private' test "$(stat -c %a secret)" = 600
run 2 cfjoin alice bob -o secret
err_has 'secret: exists already'
run 0 cfjoin alice bob -o secret -f
run 0 sh -c 'cfjoin - carol <alice'
out_is 'open sesame'
run 0 cfjoin --json -f alice bob -o secret
out_is '{"output":"secret","size":12,"raw":false}'
run 2 cfjoin --json alice bob
err_has '--json wants -o FILE'

# Too few.
run 1 cfjoin alice
out_is_empty
err_has '1 of the 2 shares that it takes: 1 more needed'
run 1 cfjoin --json -o x alice
out_has '{"error":{"code":"need-more","message":'
run 1 cfjoin alice alice
err_has 'alice: share 1 of alice is there already'
err_has '1 more needed'
run 0 cfjoin alice alice bob
out_is 'open sesame'

# The wrong share is named, whatever is wrong with it, also with exactly k given.
echo other >other
cfsplit --holder mallory -n 2 other >/dev/null
run 1 cfjoin alice mallory.other.cfs
err_has 'mallory.other.cfs: share 1 of mallory is of set'
run 1 cfjoin --json -o x alice mallory.other.cfs
out_has '"code":"other-set"'
sed 's/^     \(....\) \(....\)/     \2 \1/' bob >swapped
run 1 cfjoin alice swapped
err_has 'swapped: row 2 of the share is mistyped'
run 1 cfjoin --json -o x swapped alice
out_has '"code":"wrong-share"'
sed 's/holder: bob/holder: eve/' bob >renamed
run 1 cfjoin alice renamed
err_has 'renamed: the lines above the code'
sed '$d' bob >short
run 2 cfjoin alice short
err_has 'short: a share with rows missing'
run 2 cfjoin --json -o x alice key
out_has '"code":"corrupt-input"'
err_has 'key: not a share'
check 'no failure left a file' test ! -e x

# Also where it comes first, the wrong one is named and the right ones open.
run 0 cfjoin mallory.other.cfs alice carol
out_is 'open sesame'
err_has 'mallory.other.cfs: share 1 of mallory is of set'
err_lacks 'warning: alice'

# Shares as people copy them.
tr -d '\n' <bob | sed 's/.*cfs1/cfs1/' | tr '[:lower:]' '[:upper:]' >copied
run 0 cfjoin alice copied
out_is 'open sesame'
sed 's/$/\r/' bob >crlf
run 0 cfjoin alice crlf

# Lock files.
head -c 100000 /dev/urandom >big
cfsplit big >/dev/null
run 0 cfjoin big.cfl share1.big.cfs share2.big.cfs -o back
check 'the lock file opens' cmp -s back big
cfjoin share1.big.cfs big.cfl share3.big.cfs >out 2>err
check 'to a pipe, too' cmp -s out big
run 0 sh -c 'cat big.cfl | cfjoin share1.big.cfs - share3.big.cfs'
check 'from a pipe, too' cmp -s out big
run 1 cfjoin share1.big.cfs big.cfl
err_has '1 more needed'
run 2 cfjoin share1.big.cfs share2.big.cfs
err_has 'lock file'
run 1 cfjoin alice bob big.cfl
err_has 'big.cfl: the lock file and the shares are of different sets'
run 2 cfjoin share1.big.cfs share2.big.cfs big.cfl big.cfl
err_has 'a second lock file'

# Damage: nothing comes out, not even what was authentic before it.
head -c 99000 big.cfl >damaged
run 2 cfjoin share1.big.cfs share2.big.cfs damaged -o x
err_has 'damaged: the sealed secret is damaged or cut short'
check 'no file' test ! -e x
run 2 cfjoin share1.big.cfs share2.big.cfs damaged
out_is_empty
run 2 cfjoin --json share1.big.cfs share2.big.cfs damaged -o x
out_has '"code":"corrupt-input"'
mkfifo pipe
timeout 20 cat pipe >piped &
run 2 timeout 20 cfjoin share1.big.cfs share2.big.cfs damaged -o pipe
wait
check 'nothing into a pipe either' test ! -s piped
check 'nothing was left behind' test ! -e x

# Raw shares carry no names; only what cannot be is refused.
cfsplit -q --raw key >/dev/null 2>&1
run 0 cfjoin --raw share3.key.raw share1.key.raw
out_is 'open sesame'
run 2 cfjoin --raw share1.key.raw share1.key.raw
err_has 'all different'
run 2 cfjoin --raw share1.key.raw share1.big.cfs
err_has 'another length'
run 2 cfjoin --raw -o x --json share1.key.raw /dev/null
out_has '"code":"corrupt-input"'

# Usage, missing files, a full disk.
run 2 cfjoin
err_has 'name the shares'
run 2 cfjoin no-such-file alice
err_has 'no-such-file: No such file'
run 2 cfjoin . alice
err_has 'Is a directory'
cfjoin alice bob >/dev/full 2>err
check 'a full disk' test $? -eq 2
err_has 'No space left'
finish
