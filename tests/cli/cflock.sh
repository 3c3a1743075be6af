# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

echo 'correct horse' >pass
printf 'battery staple' >other # without a newline
cheap='--memory 8K --passes 1'

# A key and its public text.
# shellcheck disable=SC2086 # options, to be split
run 0 cflock key new $cheap --pass-fd 3 alice.cfkey 3<pass
err_is_empty
check 'a public text of age' grep -qx 'age1[0-9a-z]\{58\}' out
cp out public
check 'the file is private' test "$(stat -c %a alice.cfkey)" = 600
check 'the file is text of five lines' test "$(wc -l <alice.cfkey)" -eq 5
run 0 cflock key show alice.cfkey
check 'show prints the same' cmp -s out public
run 0 sh -c 'cflock key show - <alice.cfkey'
check 'also from standard input' cmp -s out public
run 0 cflock key show -v alice.cfkey
err_has 'Argon2id'
run 0 cflock key show --json alice.cfkey
out_is '{"file":"alice.cfkey","public":"'"$(cat public)"'","kdf":{"name":"argon2id","memory_kib":8,"passes":1,"lanes":1}}'

# The default costs 64 MiB and three passes.
run 0 cflock key new --json --pass-fd 3 default.cfkey 3<other
out_has '{"file":"default.cfkey","public":"age1'
has default.cfkey 'kdf: argon2id m=65536 t=3 p=1 '

# No file is replaced, and no passphrase read for one that would be.
cp alice.cfkey before
# shellcheck disable=SC2086
run 2 cflock key new $cheap --pass-fd 3 alice.cfkey 3<pass
out_is_empty
err_has 'alice.cfkey: exists already'
check 'the file is as it was' cmp -s alice.cfkey before
# shellcheck disable=SC2086
run 0 cflock key new -f $cheap --pass-fd 3 alice.cfkey 3<pass
check 'with -f it is another' test "$(cat out)" != "$(cat public)"
cp before alice.cfkey

# Another passphrase, the same key.
run 0 cflock key passwd --pass-fd 3 --pass-fd 4 alice.cfkey 3<pass 4<other
out_is_empty
err_has 'copies of the file keep the old one'
run 0 cflock key show alice.cfkey
check 'the same key' cmp -s out public
has alice.cfkey 'm=8 t=1 p=1'
run 1 cflock key passwd --pass-fd 3 --pass-fd 4 alice.cfkey 3<pass 4<other
out_is_empty
err_has 'alice.cfkey: wrong passphrase'
run 1 cflock key passwd --json --pass-fd 3 alice.cfkey 3<pass
out_has '{"error":{"code":"wrong-passphrase"'
printf 'battery staple\ncorrect horse\n' >both
run 0 cflock key passwd -q --json --pass-fd 3 --memory 16K alice.cfkey 3<both
err_is_empty
out_is '{"file":"alice.cfkey","public":"'"$(cat public)"'"}'
has alice.cfkey 'm=16 t=1 p=1'
check 'nothing left behind' test "$(find . -name '*.cfkey*' | wc -l)" -eq 2

# Passphrases that are none.
: >nothing
echo >empty
dd if=/dev/zero bs=4097 count=1 2>/dev/null | tr '\0' x >long
run 2 cflock key new --pass-fd 3 new.cfkey 3<nothing
err_has 'the input ends before it'
run 2 cflock key new --pass-fd 3 new.cfkey 3<empty
err_has 'an empty passphrase keeps nothing'
run 2 cflock key new --pass-fd 3 new.cfkey 3<long
err_has 'longer than 4096 bytes'
check 'no file' test ! -e new.cfkey
run 2 cflock key new --pass-fd 9 new.cfkey
err_has '--pass-fd wants an open descriptor'
run 2 cflock key new --pass-fd x new.cfkey
err_has '--pass-fd wants an open descriptor'
if command -v setsid >/dev/null 2>&1; then
    run 2 setsid -w cflock key new new.cfkey
    err_has 'no terminal to ask on; give it a descriptor with --pass-fd'
else
    skip 'no setsid'
fi

# Files that are none.
sed 's/t=1/t=2/' alice.cfkey >damaged
run 2 cflock key show damaged
err_has 'damaged: the identity is damaged: its check does not fit'
run 2 cflock key show --json damaged
out_has '{"error":{"code":"corrupt-input"'
run 2 cflock key passwd --pass-fd 3 damaged 3<both
run 2 cflock key show pass
err_has 'pass: not an identity'
run 2 cflock key show /dev/zero
run 2 cflock key show nowhere
err_has 'nowhere'

# Usage.
run 2 cflock
err_has 'say what to do'
run 2 cflock lock
err_has "there is no 'lock'"
run 2 cflock key
run 2 cflock key frob x
err_has 'key wants new, show or passwd'
run 2 cflock key new
err_has 'key new wants one file'
run 2 cflock key new a b
run 2 cflock key new --pass-fd 3 - 3<pass
err_has 'key new wants a file, not -'
run 2 cflock key new --memory 7K x
err_has '--memory wants a size from 8K'
run 2 cflock key new --passes 17 x
err_has '--passes wants a number from 1 to 16'
run 2 cflock key new --memory 2G --pass-fd 3 x 3<pass
err_has 'more than is allowed'
cflock key show alice.cfkey >/dev/full 2>err
check 'a full disk is noticed' test $? -eq 2

# On a terminal: asked twice, without echo.
if command -v python3 >/dev/null 2>&1; then
    run 0 python3 - <<'EOF'
import os, pty, select, sys

def talk(words, answers):
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(words[0], words)
    seen = b''
    while True:
        try:
            got = os.read(fd, 4096)
        except OSError:
            break
        if not got:
            break
        seen += got
        if seen.endswith(b': ') and answers:
            os.write(fd, answers.pop(0))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen

new = ['cflock', 'key', 'new', '--memory', '8K', '--passes', '1', 'tty.cfkey']
status, seen = talk(new, [b'sesame\n', b'sesane\n'])
assert status == 2 and b'the two are not the same' in seen, seen
assert not os.path.exists('tty.cfkey')
status, seen = talk(new, [b'sesame\x03\n'])
assert status == 2 and b'not given' in seen, seen
status, seen = talk(new, [b'sesame\n', b'sesame\n'])
assert status == 0 and b'age1' in seen, seen
assert b'sesame' not in seen, seen
assert b'New passphrase for tty.cfkey: ' in seen, seen
status, seen = talk(['cflock', 'key', 'passwd', 'tty.cfkey'],
                    [b'sesame\n', b'other\n', b'other\n'])
assert status == 0 and b'Old passphrase for tty.cfkey: ' in seen, seen
EOF
else
    skip 'no python3 to play the terminal'
fi
finish
