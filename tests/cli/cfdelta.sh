# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2238 # "encode" is a verb and "patch" a file here
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

seq 20000 >old
seq 20000 | sed '100s/$/ changed/; 5000d; 15000s/^/new /' >new
seq 5 >other
: >empty
sha_old=$(sha256sum <old | cut -d ' ' -f 1)
sha_new=$(sha256sum <new | cut -d ' ' -f 1)
size_new=$(wc -c <new)

same() {
    check "$1 is $2" cmp -s "$1" "$2"
}

only() { # nothing but these files is in the folder
    got=$(find . -mindepth 1 ! -name out ! -name err | sort | tr '\n' ' ')
    check "left behind: $got" test "$got" = "$1"
}
before=$(find . -mindepth 1 ! -name out ! -name err | sort | tr '\n' ' ')

# The example of the help works.
cfdelta --help | sed '1,/^Example:/d' >example.sh
check 'the example of --help' sh -e example.sh
rm -f example.sh patch
seq 20000 >old
seq 20000 | sed '100s/$/ changed/; 5000d; 15000s/^/new /' >new

# There and back, at every level, in both formats, by files and by pipes.
for level in 1 2 3 4 5 6 7 8 9; do
    for format in dcz zstd cfd vcdiff; do
        run 0 cfdelta encode -$level --format $format old new -o patch
        out_is_empty
        err_is_empty
        check "a small patch at -$level" test "$(wc -c <patch)" -lt 400
        run 0 cfdelta decode old patch -o back
        same back new
        run 0 cfdelta verify old patch
        out_is_empty
        err_is_empty
        rm -f patch back
    done
done
cfdelta encode old - <new >patch
check 'encode from a pipe' test $? -eq 0
cfdelta decode old - <patch >back
check 'decode from a pipe' test $? -eq 0
same back new
cfdelta encode - new <old >patch2
same patch2 patch
rm -f back patch2
for pair in 'empty new' 'old empty' 'empty empty' 'old old'; do
    # shellcheck disable=SC2086 # two words are wanted
    run 0 cfdelta encode $pair -o p
    run 0 cfdelta decode "${pair% *}" p -o back
    same back "${pair#* }"
    rm -f p back
done

# info
run 0 cfdelta info patch
out_has "reference  $sha_old"
out_has 'format     dcz'
out_has "new        $size_new bytes"
out_has 'checksum   yes'
run 0 cfdelta info --json patch
out_has "\"reference_sha256\":\"$sha_old\""
out_has "\"reference_prefix\":\"$sha_old\""
out_has "\"new_size\":$size_new"
out_has '"checksum":true'
run 0 cfdelta encode --format zstd old new -o bare
run 0 cfdelta info bare
out_has 'format     zstd'
out_has 'reference  not named'
run 0 cfdelta info --json bare
out_has '"reference_sha256":null'
out_has '"reference_prefix":null'
run 0 cfdelta encode --format cfd old new -o small
run 0 cfdelta info --json small
out_has '"reference_sha256":null'
out_has "\"reference_prefix\":\"$(printf %.8s "$sha_old")\""
rm -f small
check 'dcz is the bare frame behind 40 bytes' \
    test "$(tail -c +41 patch | sha256sum)" = "$(sha256sum <bare)"

# JSON of encode, decode and verify
run 0 cfdelta encode --json old new -o p
out_has "\"old\":{\"size\":$(wc -c <old),\"sha256\":\"$sha_old\"}"
out_has "\"new\":{\"size\":$size_new,\"sha256\":\"$sha_new\"}"
out_has "\"patch\":{\"size\":$(wc -c <p),"
out_has '"level":5'
out_has '"ratio":0.0'
run 0 cfdelta decode --json old p -o back
out_has "\"new\":{\"size\":$size_new}"
run 0 cfdelta verify --json old p
out_has "\"new\":{\"size\":$size_new}"
run 0 cfdelta verify -v old p
err_has "$size_new bytes out of a patch"
run 2 cfdelta encode --json old new
err_has '--json needs -o FILE'
run 2 cfdelta decode --json old p -o -
rm -f p back

# A wrong reference is named, and nothing comes out.
run 1 cfdelta decode other patch -o back
err_has 'cfdelta: error: the patch was made against another reference'
err_has "starts with $(printf '%.16s' "$sha_old")"
run 1 cfdelta decode other patch
out_is_empty
run 1 cfdelta verify other patch
run 1 cfdelta verify --json other patch
out_has '{"error":{"code":"wrong-reference","message":"the patch was made'
run 2 cfdelta decode other bare
out_is_empty
err_has 'or was made against another reference'

# Damage, limits, and what is no patch
head -c -1 patch >damaged
run 2 cfdelta decode old damaged -o back
err_has 'ends too early'
run 2 cfdelta info --json damaged
out_has '"code":"corrupt-input"'
{ cat patch && echo more; } >damaged
run 2 cfdelta verify old damaged
err_has 'more follow'
sed '60s/.*/x/' new >damaged
run 2 cfdelta info damaged
err_has 'not a dcz, zstd, cfd or vcdiff patch'
run 0 cfdelta verify --max-output "$size_new" old patch
run 2 cfdelta verify --json --max-output $((size_new - 1)) old patch
out_has '"code":"limit"'
run 2 cfdelta decode --max-output 1K old patch
out_is_empty
err_has '1024 are allowed'
head -c 8388609 /dev/zero >zeros
run 2 cfdelta encode -1 old zeros -o p
err_has 'use the zstd format'
err_has 'hint: --format zstd'
run 0 cfdelta encode -1 --format zstd old zeros -o p
run 0 cfdelta decode old p -o back
same back zeros
rm -f damaged zeros p back

# pick
sed 's/7/seven/' old >far
run 0 cfdelta pick new other old far empty
check 'the best comes first' test "$(head -n 1 out | cut -f 3)" = old
check 'the next best' test "$(sed -n 2p out | cut -f 3)" = far
check 'all are told' test "$(wc -l <out)" -eq 4
run 0 cfdelta pick - old <new
check 'similarity' test "$(cut -f 2 out)" -gt 12
run 0 cfdelta pick --json new other old
out_has "\"new\":{\"size\":$size_new,\"sha256\":\"$sha_new\"}"
out_has "\"candidates\":[{\"file\":\"old\",\"sha256\":\"$sha_old\",\"patch_size\":"
cp old same_as_old
run 0 cfdelta pick new old other same_as_old
check 'two of the same content are both told' test "$(wc -l <out)" -eq 3
run 0 cfdelta pick new other other
check 'one that is named twice is told twice' test "$(wc -l <out)" -eq 2
rm -f same_as_old far
run 2 cfdelta pick new
err_has 'at least one candidate'
run 2 cfdelta pick -5 new old
run 2 cfdelta pick new old -o x
run 2 cfdelta pick --json new missing
out_has '"code":"io"'
cfdelta pick new old >/dev/full 2>err
check 'pick to a full disk' test $? -eq 2

# Usage
run 2 cfdelta
err_has 'encode, decode, info, verify or pick'
run 2 cfdelta squeeze old new
err_has "'squeeze' is none of"
run 2 cfdelta encode old
err_has 'takes two files, not 1'
run 2 cfdelta info patch patch
run 2 cfdelta encode --format gdiff old new
err_has "zstd, cfd or vcdiff, not 'gdiff'"
run 2 cfdelta encode --max-output 5 old new
run 2 cfdelta decode -5 old patch
run 2 cfdelta info --format dcz patch
run 2 cfdelta verify -o x old patch
run 2 cfdelta verify -f old patch
run 2 cfdelta decode --max-output 0 old patch
run 2 cfdelta decode --max-output many old patch
run 2 cfdelta encode - - </dev/null
err_has 'only one of the files'
run 2 cfdelta encode old missing
err_has 'missing'
run 2 cfdelta encode . new
run 2 cfdelta encode --json missing new -o p
out_has '"code":"io"'

# Outputs: nothing is clobbered without -f, nothing is left behind.
echo mine >kept
run 2 cfdelta encode old new -o kept
check 'a file that exists is kept' test "$(cat kept)" = mine
run 0 cfdelta encode -f old new -o kept
same kept patch
run 2 cfdelta decode old patch -o kept
run 0 cfdelta decode --force old patch --output kept
same kept new
run 2 cfdelta encode old new -o no/such/folder
cfdelta encode old new >/dev/full 2>err
check 'encode to a full disk' test $? -eq 2
err_has 'No space left'
cfdelta decode old patch >/dev/full 2>err
check 'decode to a full disk' test $? -eq 2
cfdelta info patch >/dev/full 2>err
check 'info to a full disk' test $? -eq 2
cfdelta encode --json old new -o kept2 >/dev/full 2>err
check 'JSON to a full disk' test $? -eq 2
rm -f kept kept2 patch bare
only "$before"

if command -v script >/dev/null; then
    script -qec 'cfdelta encode old new' /dev/null >terminal 2>&1 </dev/null
    check 'a terminal gets no patch' grep -q 'a terminal, and this is binary' terminal
    rm -f terminal
else
    skip 'no script(1): a terminal is not tried'
fi
finish
