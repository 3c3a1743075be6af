# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

tab=$(printf '\t')

# The main job: lines, fields, weights, several files, standard input.
printf 'a\nb\na\n\na\nb' >lines
run 0 cftop --tsv lines
out_is "1${tab}3${tab}3${tab}0.500000000${tab}a
2${tab}2${tab}2${tab}0.333333333${tab}b
3${tab}1${tab}1${tab}0.166666667${tab}"
err_is_empty
run 0 cftop lines
out_has 'rank           hi           lo   share  key'
out_has '     1            3            3  50.00%  a'
cp lines more
run 0 cftop --tsv -n 1 - more <lines
out_is "1${tab}6${tab}6${tab}0.500000000${tab}a"
run 0 cftop --tsv </dev/null
out_is_empty
err_is_empty

printf 'x  10 u\n\ty 7\nx 1 v\n' >log
run 0 cftop --tsv -f 1 -w 2 log
out_is "1${tab}11${tab}11${tab}0.611111111${tab}x
2${tab}7${tab}7${tab}0.388888889${tab}y"
printf 'a,,1\nb,,2\n,z,3\n' >csv
run 0 cftop --tsv -d , -f 1 -w 3 csv
out_is "1${tab}3${tab}3${tab}0.500000000${tab}
2${tab}2${tab}2${tab}0.333333333${tab}b
3${tab}1${tab}1${tab}0.166666667${tab}a"
printf 'k\tone\nk\ttwo words\nk\ttwo words\n' >tabbed
run 0 cftop --tsv -d '\t' -f 2 tabbed
out_is "1${tab}2${tab}2${tab}0.666666667${tab}two words
2${tab}1${tab}1${tab}0.333333333${tab}one"

# What is skipped is told, unless it shall not be.
run 0 cftop --tsv -f 3 log
out_has "1${tab}1${tab}1${tab}0.500000000${tab}u"
err_is "cftop: warning: 1 lines have no field 3 and were not counted"
run 0 cftop -q -f 3 log
err_is_empty
run 0 cftop --tsv -w 3 log
out_is_empty
err_is "cftop: warning: 3 lines have no whole number in field 3 and were not counted"
head -c 65537 /dev/zero | tr '\0' x >long
printf '\nshort\n' >>long
run 0 cftop --tsv long
out_is "1${tab}1${tab}1${tab}1.000000000${tab}short"
err_has '1 keys are longer than 65536 bytes'

# Bounds, and their order: c has earned the counter of b.
printf 'a 6\nb 5\nc 4\nc 4\n' >bounds
run 0 cftop --tsv -k 2 -f 1 -w 2 bounds
out_has "1${tab}8${tab}"
run 0 cftop --tsv -k 2 -f 1 -w 2 --by lo bounds
out_has "1${tab}6${tab}6${tab}"
run 0 cftop -v -k 2 bounds
err_has 'no count is wrong by more than'

# JSON, one object a line, every byte kept.
printf 'caf\303\251\n\377"\\\n\377"\\\n' >bytes
run 0 cftop --json bytes
out_is '{"rank":1,"hi":2,"lo":2,"estimate":2,"share":0.66666666666666663,"key":"\uFFFD\"\\","key_hex":"ff225c"}
{"rank":2,"hi":1,"lo":1,"estimate":1,"share":0.33333333333333331,"key":"caf\u00E9"}'
run 0 cftop --tsv bytes
printf '1\t2\t2\t0.666666667\t\377"\\\n2\t1\t1\t0.333333333\tcaf\303\251\n' >wanted
check 'keys are raw in --tsv' cmp -s out wanted
printf '\033[31m\177\302\233\n' >controls
run 0 cftop controls
out_has '\x1b[31m\x7f\xc2\x9b'

# Lines of every kind: returns, NUL, empty ones, weights that are none.
printf 'a\r\nb\r\na\n\r\n\n' >returns
run 0 cftop --tsv returns
out_is "1${tab}2${tab}2${tab}0.400000000${tab}
2${tab}2${tab}2${tab}0.400000000${tab}a
3${tab}1${tab}1${tab}0.200000000${tab}b"
printf 'x 3\r\ny 4\r\n' >returns
run 0 cftop --tsv -f 1 -w 2 returns
out_has "1${tab}4${tab}4${tab}0.571428571${tab}y"
printf 'a\0b\na\0b\na\n' >nul
run 0 cftop nul
out_has '66.67%  a\x00b'
printf 'a -1\na 1.5\na 18446744073709551616\na 18446744073709551615\na 7\n' >weights
run 0 cftop --tsv -f 1 -w 2 weights
out_has "1${tab}18446744073709551615${tab}18446744073709551615${tab}"
err_is "cftop: warning: 3 lines have no whole number in field 2 and were not counted"

# A line without an end takes no memory: its fields are looked for at its beginning.
{
    printf 'key 5 '
    head -c 300000000 /dev/zero
    printf ' 6\nkey 7\n'
} >endless
run 0 cftop --tsv -f 1 -w 2 endless
out_is "1${tab}12${tab}12${tab}1.000000000${tab}key"
err_is_empty
run 0 cftop --tsv -f 3 endless
err_has '1 lines have no field 3'
err_has '1 keys are longer'
run 0 cftop --tsv endless
out_is "1${tab}1${tab}1${tab}1.000000000${tab}key 7"
rm endless

# Half-lives: times in a field, late ones too; hi and lo are rates a second.
printf '100 a\n110 b\n100 a\n120 b\n' >timed
run 0 cftop --tsv -H 10s -t 1 -f 2 timed
out_is "1${tab}0.103972077${tab}0.103972077${tab}0.750000000${tab}b
2${tab}0.034657359${tab}0.034657359${tab}0.250000000${tab}a"
run 0 cftop -H 10s -t 1 -f 2 --by rate timed
out_has '  rank         hi/s         lo/s   share  key'
out_has '     1        0.104        0.104  75.00%  b'
run 0 cftop --json -H 10s -t 1 -f 2 -n 1 timed
out_has '"rate":0.1039720770'
out_lacks estimate
printf '100 a\nx a\na\n' >timed
run 0 cftop --tsv -H 10s -t 1 timed
err_is "cftop: warning: 2 lines have no time in field 1 and were not counted"
run 0 cftop --tsv -H 1h lines # each batch at its own arrival: half of the rate, but for the time between
# shellcheck disable=SC2016 # awk's fields
check 'half of the rate is of a' awk -F '\t' '$5 == "a" { half = $4 > 0.4999 && $4 < 0.5001 } END { exit !half }' out
run 2 cftop -t 1 lines
err_has 'error: -t needs -H'
run 2 cftop --by rate lines
err_has '--by rate needs -H'

# Sketches of several machines: saved, merged, gone on with.
run 0 cftop --tsv --save one lines
out_has "1${tab}3${tab}3${tab}"
run 0 cftop -k 1024 --save two more
run 0 cftop --tsv --merge one --merge two
out_is "1${tab}6${tab}6${tab}0.500000000${tab}a
2${tab}4${tab}4${tab}0.333333333${tab}b
3${tab}2${tab}2${tab}0.166666667${tab}"
run 0 cftop --tsv --merge one --merge two - <"more"
out_has "1${tab}9${tab}9${tab}0.500000000${tab}a"
run 0 cftop --tsv --merge one more --save three
run 0 cftop --tsv --merge three --merge one
out_has "1${tab}9${tab}9${tab}0.500000000${tab}a"
run 0 cftop --tsv --save four more lines
check 'a merged sketch is as good as one' cmp -s three four
cp one kept
run 2 cftop --save one lines
err_has 'one'
check 'it is not replaced' cmp -s one kept
run 2 cftop --json --save one lines
out_has '{"error":{"code":"exists"'
run 0 cftop --save one --force lines more
check 'now it is' test "$(cmp one kept | wc -l)" -eq 1
run 0 cftop -H 1h --save decayed lines
run 0 cftop --merge decayed
out_has 'hi/s'
run 0 cftop -H 1h --merge decayed --by rate
run 0 cftop -k 5 --save small lines
for merge in '--merge one --merge small' '--merge one --merge decayed' '-k 5 --merge one' \
    '-H 5m --merge one' '-H 5m --merge decayed' '--merge lines' '--merge nowhere' '--merge .'; do
    # shellcheck disable=SC2086
    run 2 cftop $merge
    out_is_empty
done
run 2 cftop --merge one --merge small
err_is 'cftop: error: small: sketches of 1024 and 5 counters cannot be merged'
run 2 cftop --merge lines
err_is 'cftop: error: lines: this is not a saved sketch'
head -c 1000 one >stump
run 2 cftop --json --merge stump
out_has '{"error":{"code":"corrupt-input","message":"stump: '
run 2 cftop --save new nowhere
run 2 cftop --save new --merge stump
run 2 cftop --save nowhere/new lines
check 'nothing is left of what failed' test ! -e new
(sh -c 'ulimit -f 0; exec cftop -q --save new lines'; :) >/dev/null 2>&1
check 'nothing is left of what did not fit' test ! -e new

# Every so often: blocks, or one picture over the other on a terminal.
printf 'a\nb\na\n\na\nb\n' >whole
twice() {
    cat whole
    sleep 1
    cat whole
}
twice | cftop --tsv --every 200ms -n 1 >out 2>err
check 'there are several blocks' test "$(grep -c '^1' out)" -ge 2
check 'with empty lines between' test "$(grep -c '^$' out)" -ge 1
has out "1${tab}3${tab}3${tab}0.500000000${tab}a"
check 'the last has all' test "$(tail -n 1 out)" = "1${tab}6${tab}6${tab}0.500000000${tab}a"
twice | cftop --json --every 200ms -n 1 >out 2>err
check 'blocks of JSON' test "$(grep -c '"key":"a"' out)" -ge 2
is_empty err
if command -v python3 >/dev/null; then
    on_terminal() {
        python3 "$CF_SOURCE/tests/cli/on_terminal.py" "$@"
    }
    run 0 on_terminal sh -c '{ cat whole; sleep 1; cat whole; } | TERM=xterm cftop --every 200ms -n 2'
    out_has '6 in all, no count is wrong by more than 0'
    out_has "$(printf '\033[K')"
    out_has "$(printf '\033[4A')" # up over the picture before
    check 'lines wrap again at the end' test "$(grep -c "$(printf '\033\[?7l')" out)" -eq \
        "$(grep -c "$(printf '\033\[?7h')" out)"
    check 'the answer is the last' test "$(tail -n 2 out | tr -d '\r' | head -n 1)" = \
        '     1            6            6  50.00%  a'
fi

# An interrupt ends the input, not the answer.
mkfifo pipe
(
    cat whole
    exec sleep 20
) >pipe &
feeder=$!
: >out
# A shell without job control starts it with interrupts ignored, which it minds.
env --default-signal=INT cftop --tsv --every 100ms --save interrupted pipe >out 2>err &
tool=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    if [ -s out ]; then break; fi
    sleep 1
done
kill -INT $tool
wait $tool
status=$?
check "an interrupted count: exit $status" test "$status" -eq 0
has out "1${tab}3${tab}3${tab}0.500000000${tab}a"
check 'what was counted is saved' test -s interrupted
kill $feeder
wait $feeder 2>/dev/null

# Usage.
for option in '-k 0' '-k x' '-k 16777217' '-n 0' '-f 0' '-f -1' '-w 0' '-d ab' '-d' '--by rate' \
    '--json --tsv' '--by x' '-H 0' '-H x' '-H 300y' '-t 1' '--every 0' '--every x' '--save -' '--force'; do
    # shellcheck disable=SC2086
    run 2 cftop $option
    err_has "Try 'cftop --help'"
done
run 2 cftop --json -k 0
out_has '{"error":{"code":"usage","message":"-k wants a number from 1 to 16777216'

# Trouble.
run 2 cftop nowhere
err_is 'cftop: error: cannot open nowhere: No such file or directory'
run 2 cftop --json lines nowhere
out_is '{"error":{"code":"io","message":"cannot open nowhere: No such file or directory"}}'
run 2 cftop .
err_has 'cannot read .: Is a directory'
cftop lines >/dev/full 2>err
status=$?
check "a full disk: exit $status" test "$status" -eq 2
err_has 'No space left'
(cftop lines >&-) 2>/dev/null
status=$?
check "no standard output: exit $status" test "$status" -eq 2

# The first hundred of recorded streams, beside the exact answer.
for stream in dns web_ip words_kjv; do
    if data "ds/$stream.keys.zst" && command -v zstd >/dev/null; then
        zstd -dcq "$data_file" >keys
        run 0 cftop --tsv -n 100 keys
        cut -f 5 out | sort >got
        sort keys | uniq -c | sort -rn | awk 'NR == 100 { least = $1 } NR > 100 && $1 < least { exit }
            { print $2 }' | sort >truth
        found=$(comm -12 got truth | wc -l)
        check "$stream: $found of the first 100" test "$found" -ge 98
    fi
done
finish
