# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfdelta and the zstd command read each other's patches.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

if ! command -v zstd >/dev/null; then
    skip 'zstd is not installed: its patches are not tried'
    run 0 cfdelta --version
    finish
fi

same() {
    check "$1 is $2" cmp -s "$1" "$2"
}

ours() { # OLD NEW LEVEL
    for format in dcz zstd; do
        run 0 cfdelta encode "-$3" --format $format "$1" "$2" -f -o ours
        [ $format = zstd ] || tail -c +$dcz_offset ours >frame
        [ $format = dcz ] || cp ours frame
        run 0 zstd -q -f -d --long=27 --patch-from="$1" frame -o back
        same back "$2"
    done
}

theirs() { # OLD NEW LEVEL
    run 0 zstd -q -f "-$3" --long=27 --patch-from="$1" "$2" -o theirs
    run 0 cfdelta decode "$1" theirs -f -o back
    same back "$2"
    zstd -q "-$3" --no-check -c --long=27 --stream-size="$(wc -c <"$2")" \
        --patch-from="$1" <"$2" >streamed
    run 0 cfdelta decode "$1" streamed -f -o back
    err_has 'the patch has no checksum'
    same back "$2"
}

both_ways() {
    ours "$@"
    theirs "$@"
}

seq 200000 >old
seq 200000 | sed '1000s/$/ changed/; 50000d; 150000s/^/new /' >new
seq 5 >small

# zstd 1.5.7 forgets its reference at a skippable frame, such as a dcz begins
# with: is it so here, with a frame of its own making?
zstd -q -f --long=27 --patch-from=old new -o theirs
cfdelta encode old new -o header
head -c 40 header | cat - theirs >behind
dcz_offset=1
zstd -q -f -d --long=27 --patch-from=old behind -o back 2>said || {
    skip "this zstd reads no frame behind a header, so ours is read alone: $(cat said)"
    dcz_offset=41
}
for level in 1 5 9; do
    both_ways old new $level
done
both_ways new old 5
both_ways small new 3
both_ways new small 3
ours small small 3

# zstd takes an old file with these first bytes for a trained dictionary when it
# decodes, and fails on its own patches too; encoding is right.
printf '\067\244\060\354 not a dictionary' | cat - old >magic
theirs magic new 5
run 0 cfdelta encode magic new -f -o ours
run 0 cfdelta decode magic ours -f -o back
same back new

# What zstd makes without a reference needs none.
zstd -q -c new >plain
run 0 cfdelta decode small plain -f -o back
same back new

if data delta/web; then
    for pair in httpd-00 kafka-08 wasm-08; do
        both_ways "$data_file/$pair/old" "$data_file/$pair/new" 5
    done
fi
finish
