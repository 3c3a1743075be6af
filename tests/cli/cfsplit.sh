# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

# The main job: names on standard output, files that nobody else can read.
echo 'open sesame' >key
run 0 cfsplit key
out_is 'share1.key.cfs
share2.key.cfs
share3.key.cfs'
err_is_empty
check 'shares are private' test "$(stat -c %a share1.key.cfs)" = 600
check 'a share is text' grep -q '^share 1 of 3, 2 needed$' share1.key.cfs
check 'the secret is not in it' sh -c '! grep -q sesame share1.key.cfs'
run 0 cfjoin share1.key.cfs share3.key.cfs
out_is 'open sesame'

# Nothing is replaced without -f, and then nothing is written at all.
rm share1.key.cfs share3.key.cfs
cp share2.key.cfs before
run 2 cfsplit key
err_has 'share2.key.cfs: exists already'
check 'nothing was left behind' test "$(echo ./*)" = './before ./err ./key ./out ./share2.key.cfs'
check 'the old share is as it was' cmp -s before share2.key.cfs
run 0 cfsplit -f key
check 'the share was replaced' sh -c '! cmp -s before share2.key.cfs'

# Holders, label, folder, standard input.
run 0 sh -c 'cfsplit --holder alice --holder bob -o shares --label "root key" - <key'
out_is 'shares/alice.secret.cfs
shares/bob.secret.cfs'
check 'the holder is named' grep -qx 'holder: bob' shares/bob.secret.cfs
check 'the label is there' grep -qx 'label: root key' shares/bob.secret.cfs
check 'the folder was made, for the owner alone' test "$(stat -c %a shares)" = 700
run 0 cfjoin shares/alice.secret.cfs shares/bob.secret.cfs
out_is 'open sesame'

# An empty secret is one; 4096 bytes ride inside, one more goes to a lock file.
: >empty
run 0 cfsplit empty
run 0 cfjoin share1.empty.cfs share2.empty.cfs
out_is_empty
head -c 4096 /dev/zero >small
run 0 cfsplit small
check 'no lock file for 4096 bytes' test ! -e small.cfl
head -c 4097 /dev/zero >large
run 0 cfsplit -k 3 -n 4 large
out_has large.cfl
check 'the lock file is private' test "$(stat -c %a large.cfl)" = 600
run 0 cfjoin share1.large.cfs share4.large.cfs share2.large.cfs large.cfl -o back
check 'the large secret is back' cmp -s back large

# Raw shares: as long as the secret and one byte, x at the end.
run 0 cfsplit --raw -k 2 -n 2 key
out_is 'share1.key.raw
share2.key.raw'
err_has 'no check'
check 'x is at the end' test "$(tail -c 1 share2.key.raw | od -An -tu1 | tr -d ' ')" = 2
run 0 cfjoin --raw share2.key.raw share1.key.raw
out_is 'open sesame'

# JSON.
run 0 cfsplit --json -f --holder zoe -n 2 large
out_has '"threshold":2,"count":2,"raw":false,"words":false,"size":4097,"lock":"large.cfl"'
out_has '{"x":1,"holder":"zoe","file":"zoe.large.cfs"}'
out_has '{"x":2,"holder":null,"file":"share2.large.cfs"}'
run 2 cfsplit --json -o no/such/folder key
out_has '{"error":{"code":"io","message":"no/such/folder: No such file'
run 2 cfsplit -o fresh --label ' blank' key
check 'a failure leaves no folder' test ! -e fresh
run 2 cfsplit --json no-such-file
out_has '"code":"io"'
err_has 'no-such-file: No such file'

# Usage.
for bad in '' '-k 1 key' '-k 256 key' '-k x key' '-n 1 key' '-k 4 -n 3 key' 'key key' \
    '--holder a/b key' '--holder .a key' '--holder a --holder a key' \
    '-n 2 --holder a --holder b --holder c key' '--raw --label x key' '--words --raw key'; do
    # shellcheck disable=SC2086
    run 2 cfsplit $bad
    err_has "Try 'cfsplit --help'"
    out_is_empty
done
run 2 cfsplit --holder a --holder "$(printf 'b\033b')" key
err_has "holder's name"

# A full disk: no share at all is left.
if mkdir tiny && mount -t tmpfs -o size=16k,mode=700 tmpfs tiny 2>err; then
    head -c 100000 /dev/zero >large
    run 2 cfsplit -o tiny large
    err_has 'No space left'
    check 'nothing on the full disk' test -z "$(ls tiny)"
    umount tiny
else
    skip 'cannot mount a small file system here'
fi
cfsplit -f key >/dev/full 2>err
check 'a full disk under standard output' test $? -eq 2

# Nobody else looks in: no core. The secret comes slowly here.
mkfifo pipe
exec 3<>pipe
cfsplit pipe >/dev/null 2>&1 3>&- &
pid=$!
if [ -r "/proc/$pid/limits" ]; then
    tries=0
    until [ "$tries" -eq 20 ] || grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits"; do
        tries=$((tries + 1))
        sleep 0.1
    done
    check 'no core dumps' test "$tries" -lt 20
else
    skip 'no limits in /proc'
fi
echo secret >&3
exec 3>&-
wait "$pid"
check 'the pipe was split' test -e share1.pipe.cfs
finish
