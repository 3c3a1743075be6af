# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cflock check, extend, reshare: shares judged, added, made anew.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

echo 'open sesame' >key
cfsplit --holder alice --holder bob --holder carol key >/dev/null || exit 2
head -c 9000 /dev/urandom >big
cfsplit -o big.d big >/dev/null || exit 2

# Check: one alone, and together.
run 0 cflock check alice.key.cfs bob.key.cfs carol.key.cfs
out_is "alice.key.cfs: ok
bob.key.cfs: ok
carol.key.cfs: ok"
run 0 sh -c 'cflock check --json - <alice.key.cfs'
out_has '{"ok":true,"shares":[{"file":"-","code":"ok","verdict":"ok","set":"'
sed 's/^     \(....\) \(....\)/     \2 \1/' bob.key.cfs >typo
run 1 cflock check typo alice.key.cfs
out_is "typo: typo in row 2
alice.key.cfs: ok"
run 1 cflock check --json typo
out_has '"code":"wrong-share"'
out_has '"row":2'
run 1 cflock check alice.key.cfs big.d/share1.big.cfs bob.key.cfs
out_has 'big.d/share1.big.cfs: other set'
run 1 cflock check --json alice.key.cfs big.d/share1.big.cfs bob.key.cfs
out_has '"code":"other-set"'
sed '$d' carol.key.cfs >short
run 1 cflock check short
out_has 'short: a share with rows missing'
run 1 cflock check key
out_has 'key: not a share'
run 0 cflock check big.d/share1.big.cfs --lock big.d/big.cfl
run 1 cflock check alice.key.cfs big.d/share2.big.cfs --lock big.d/big.cfl
out_is "alice.key.cfs: other set
big.d/share2.big.cfs: ok"
run 2 cflock check alice.key.cfs --lock key
err_has 'key: not a lock file'
run 2 cflock check nowhere
err_has 'nowhere'
cflock check alice.key.cfs >/dev/full 2>err
check 'a full disk is noticed' test $? -eq 2

# Extend: one more that goes with them.
run 1 cflock extend alice.key.cfs --holder dora
err_has '1 more needed'
run 0 cflock extend alice.key.cfs carol.key.cfs --holder dora
out_is 'dora.key.cfs'
check 'private' test "$(stat -c %a dora.key.cfs)" = 600
run 0 cflock check alice.key.cfs bob.key.cfs dora.key.cfs
run 0 cfjoin bob.key.cfs dora.key.cfs
out_is 'open sesame'
run 2 cflock extend alice.key.cfs carol.key.cfs --holder dora
err_has 'exists already'
run 0 cflock extend alice.key.cfs carol.key.cfs --number 2 --holder bob -o again
check 'a lost share as it was' cmp -s again/bob.key.cfs bob.key.cfs
run 2 cflock extend alice.key.cfs carol.key.cfs --number 3
err_has 'share 3 is there already'
run 0 cflock extend -q --json alice.key.cfs carol.key.cfs --holder x --holder y -o two
err_is_empty
out_is '{"shares":["two/x.key.cfs","two/y.key.cfs"]}'
run 0 cfjoin two/x.key.cfs two/y.key.cfs
out_is 'open sesame'

# Reshare: new ones, which do not mix with the old.
run 0 cflock reshare bob.key.cfs dora.key.cfs --holder alice --holder bob -k 2 -n 3 -o new
out_has 'new/alice.key.g2.cfs'
out_has 'new/share3.key.g2.cfs'
err_has 'enough of the old shares still open'
run 0 cfjoin new/alice.key.g2.cfs new/share3.key.g2.cfs
out_is 'open sesame'
run 1 cfjoin --json -o x alice.key.cfs new/bob.key.g2.cfs
out_has '"code":"old-generation"'
run 1 cflock check alice.key.cfs new/bob.key.g2.cfs new/alice.key.g2.cfs
out_has 'alice.key.cfs: old generation (1, the newest is 2)'
run 0 cflock reshare -q new/alice.key.g2.cfs new/share3.key.g2.cfs -k 3 -n 5 -o newer
out_has 'newer/share5.key.g3.cfs'
run 1 cfjoin newer/share1.key.g3.cfs newer/share2.key.g3.cfs
err_has '2 of the 3 shares'
run 0 cflock reshare -q big.d/share1.big.cfs big.d/share2.big.cfs -o big.new
run 0 cfjoin big.new/share2.big.g2.cfs big.new/share3.big.g2.cfs big.d/big.cfl -o back
check 'the lock file stays as it is' cmp -s back big

# Nothing is left behind.
mkdir full
echo taken >full/share2.key.g2.cfs
run 2 cflock reshare alice.key.cfs bob.key.cfs -o full
err_has 'exists already'
check 'no other file' test "$(find full -type f | wc -l)" -eq 1
run 2 cflock reshare alice.key.cfs short -o none
run 1 cflock reshare alice.key.cfs big.d/share1.big.cfs -o none
err_has 'is of set'
check 'no folder' test ! -e none

# Usage.
run 2 cflock extend alice.key.cfs --holder a/b
err_has '--holder wants a name'
run 2 cflock reshare alice.key.cfs --holder a --holder a
err_has "there are two holders 'a'"
run 2 cflock reshare alice.key.cfs -n 2 --holder a --holder b --holder c
err_has '3 holders, but 2 shares'
run 2 cflock extend alice.key.cfs --number 4 --holder a --holder b
err_has '--number is for one share'
run 2 cflock extend alice.key.cfs --number 256
err_has 'from 1 to 255'
run 2 cflock reshare alice.key.cfs -k 1
err_has 'from 2 to 255'
finish
