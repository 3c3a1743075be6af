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
out_is '{"rank":1,"hi":2,"lo":2,"share":0.66666666666666663,"key":"\uFFFD\"\\","key_hex":"ff225c"}
{"rank":2,"hi":1,"lo":1,"share":0.33333333333333331,"key":"caf\u00E9"}'
run 0 cftop --tsv bytes
printf '1\t2\t2\t0.666666667\t\377"\\\n2\t1\t1\t0.333333333\tcaf\303\251\n' >wanted
check 'keys are raw in --tsv' cmp -s out wanted
printf '\033[31m\177\302\233\n' >controls
run 0 cftop controls
out_has '\x1b[31m\x7f\xc2\x9b'

# Usage.
for option in '-k 0' '-k x' '-k 16777217' '-n 0' '-f 0' '-f -1' '-w 0' '-d ab' '-d' '--by rate' \
    '--json --tsv' '--save x' '-H 1'; do
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
