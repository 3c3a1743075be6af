# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Files beyond 2 and 4 GiB, and what decoding them takes of memory. They have holes, so
# they take next to nothing of the disk.
# usage: large.sh
# shellcheck disable=SC2238 # "patch" is a file here
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

gcc -std=c11 -O2 "$CF_SOURCE/tests/check/large_peak.c" -o large_peak || not_ok 'the helper does not build'

# peak KIB COMMAND...: it succeeds, and is never larger than that in memory.
peak() {
    command=$*
    ./large_peak "$@" >out 2>err
    status=$?
    [ "$status" -eq 0 ] || cat err
    check "$command" test "$status" -eq 0
}

# holes SIZE FILE [AT:SEED]...: zeros, with 5000 bytes of noise at these places.
holes() {
    python3 -c '
import random, sys
with open(sys.argv[2], "wb") as f:
    f.truncate(int(sys.argv[1]))
    for mark in sys.argv[3:]:
        at, seed = mark.split(":")
        f.seek(int(at))
        f.write(random.Random(int(seed)).randbytes(5000))' "$@"
}

gib=1073741824
floor=$((5 * 1024)) # KiB beside a window: 4 MiB, and room for larger libraries

# Old above 4 GiB: copies from behind 2^32 and across it.
holes $((4 * gib + 200000)) old 0:1 $((2 * gib - 2500)):2 $((4 * gib - 2500)):3 $((4 * gib + 150000)):4
holes 300000 new 100:4 100000:3 200000:3
run 0 cfdelta encode -1 --format vcdiff old new -o patch
check 'what is behind 2^32 is found' test "$(wc -c <patch)" -lt 1500
run 0 cfdelta decode old patch -o back
check 'and comes back' cmp -s back new
if command -v xdelta3 >/dev/null 2>&1; then
    run 0 xdelta3 -d -f -s old patch back
    check 'xdelta3 reads it' cmp -s back new
else
    skip 'xdelta3 is not installed'
fi
# What has to be kept of it is a window: all else is mapped.
(
    # shellcheck disable=SC3045 # dash and bash have it
    ulimit -d $((floor + 12 * 1024)) || exit 1
    exec cfdelta verify old patch
)
check 'decoding against 4 GiB in a small heap' test $? -eq 0
for format in dcz zstd cfd; do
    run 2 cfdelta encode --format $format old new -o refused
    err_has 'more than 3221225472 bytes'
    err_has 'vcdiff'
done

# New above 4 GiB.
seq 100000 >small
holes $((4 * gib + 1)) large $((4 * gib - 4999)):1
run 2 cfdelta encode --json --format dcz small large -o refused
out_has '"code":"limit"'
out_has '8388608 bytes'
for format in zstd cfd; do
    run 2 cfdelta encode --format $format small large -o refused
    err_has '2147483648 bytes'
    err_has '4294967297'
    err_has 'vcdiff'
done
run 0 cfdelta encode -1 --format vcdiff small large -f -o patch
run 0 cfdelta info patch
out_has 'new        4294967297 bytes'
run 2 cfdelta verify --max-output $((4 * gib)) small patch
err_has '4294967296 are allowed'
peak $((floor + 8 * 1024)) cfdelta verify --max-output 5G small patch
check 'nothing was written' test ! -e refused
rm -f large old

# A frame of zstd for more than 4 GiB of one byte, in a window of 1 MiB.
frame() { # BLOCKS DESCRIPTOR
    python3 -c '
import sys
blocks = int(sys.argv[1])
block = (131072 << 3 | 1 << 1).to_bytes(3, "little") + b"z"
last = (131072 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"z"
sys.stdout.buffer.write(bytes.fromhex("28b52ffd00" + sys.argv[2]) + block * (blocks - 1) + last)' "$@"
}
frame 32769 50 >patch
peak $((floor + 1024)) cfdelta verify -q --max-output 5G small patch
run 2 cfdelta verify --max-output 1G small patch
err_has 'more than the 1073741824 bytes allowed'

# Just 2 GiB of old and new version together is ours, one byte more libzstd's.
for more in 0 1; do
    holes $((2 * gib - 1000000)) old $((2 * gib - 1005000)):7
    holes $((1000000 + more)) new 500:7
    run 0 cfdelta encode -1 --format zstd old new -f -o patch
    check "2^31 + $more: what is at the end is found" test "$(wc -c <patch)" -lt 300
    run 0 cfdelta decode old patch -f -o back
    check "2^31 + $more: there and back" cmp -s back new
done
finish
