# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

tab=$(printf '\t')

# The main job, for several capacities at once.
printf '%s\n' a b a c a b >keys
run 0 cfcache -c 1,2,3 --tsv keys
out_is "lru${tab}1${tab}6${tab}0
lru${tab}2${tab}6${tab}2
lru${tab}3${tab}6${tab}3"
err_is_empty
run 0 cfcache -c 2 keys
out_has 'policy       capacity     requests         hits     ratio'
out_has 'lru                 2            6            2    33.33%'
cp keys more
run 0 cfcache -c 2 -p lru --tsv - more <keys
out_is "lru${tab}2${tab}12${tab}6"
run 0 cfcache -c 2 -c 3 --tsv keys
out_has "lru${tab}3${tab}6${tab}3"
run 0 cfcache -c 2,50% --tsv /dev/null
out_is "lru${tab}2${tab}0${tab}0
lru${tab}1${tab}0${tab}0"

# Shares of the distinct keys: rounded down, one at least.
run 0 cfcache -c 1%,67%,99.9%,100% --tsv keys
out_is "lru${tab}1${tab}6${tab}0
lru${tab}2${tab}6${tab}2
lru${tab}2${tab}6${tab}2
lru${tab}3${tab}6${tab}3"
run 0 cfcache -v -c 50% --tsv keys
err_is 'cfcache: 3 distinct keys'
# More distinct keys than the table starts with.
seq 200000 >many
run 0 cfcache -c 100%,1% --tsv many many
out_is "lru${tab}200000${tab}400000${tab}200000
lru${tab}2000${tab}400000${tab}0"

# Fields, times and expiry: what was kept for 10 s is not there after 10.
printf '%s\n' '0 10 a' '9.999999999 10 a' '10 10 a' '20 10 a' '25 10 a' >timed
run 0 cfcache -c 5 -k 3 -t 1 -e 2 --tsv timed
out_is "lru${tab}5${tab}5${tab}2"
run 0 cfcache -c 100% -k 3 -t 1 -e 2 --tsv timed
out_is "lru${tab}1${tab}5${tab}2"
run 0 cfcache -c 5 -k 3 -t 1 --tsv timed
out_is "lru${tab}5${tab}5${tab}4"
printf 'a,1\nb,1\na,2\n' >csv
run 0 cfcache -c 5 -k 1 -d , --tsv csv
out_is "lru${tab}5${tab}3${tab}1"

# Every policy, in the order asked for, in one pass; also from a pipe.
printf '%s\n' a b a c a d a b >again
run 0 cfcache -c 2 -p clock,fifo,sieve -p arc,s3fifo,lru --tsv again
out_is "clock${tab}2${tab}8${tab}3
fifo${tab}2${tab}8${tab}2
sieve${tab}2${tab}8${tab}3
arc${tab}2${tab}8${tab}3
s3fifo${tab}2${tab}8${tab}3
lru${tab}2${tab}8${tab}3"
cfcache -c 1,75% -p lru,s3fifo --tsv <again >out 2>err
out_is "lru${tab}1${tab}8${tab}0
lru${tab}3${tab}8${tab}3
s3fifo${tab}1${tab}8${tab}0
s3fifo${tab}3${tab}8${tab}3"

# Sizes: capacities are bytes, shares of what all distinct keys take.
printf '%s\n' 'a 1000' 'b 500' 'a 1000' 'c 700' 'b 500' 'd 4000' 'a 1000' 'd 4000' >sized
run 0 cfcache -c 1.5K,2200,100% -k 1 -s 2 --tsv sized
out_is "lru${tab}1536${tab}8${tab}1
lru${tab}2200${tab}8${tab}3
lru${tab}6200${tab}8${tab}4"
run 0 cfcache -c 2200 -k 1 -s 2 sized
out_has 'policy          bytes     requests         hits     ratio  of bytes'
out_has 'lru              2200            8            3    37.50%    19.69%'
run 0 cfcache -c 50% -k 1 -s 2 --json sized
out_has '"capacity":3100,"requests":8,"hits":3,"hit_ratio":0.375,"bytes":12700,"hit_bytes":2500,'
# More entries than any number that was given.
seq 5000 | sed 's/$/ 1/' >ones
run 0 cfcache -c 5000,4999 -p lru,arc,s3fifo -k 1 -s 2 --tsv ones ones
out_has "lru${tab}5000${tab}10000${tab}5000"
out_has "lru${tab}4999${tab}10000${tab}0"
out_has "s3fifo${tab}5000${tab}10000${tab}5000"
run 0 cfcache -c 10 -k 1 -s 2 --tsv timed
err_is_empty
run 0 cfcache -c 10 -k 1 -s 1 --tsv again
err_is 'cfcache: warning: 8 lines lack what was asked for and were skipped'

# The whole curve of LRU, alone and beside other rows.
run 0 cfcache --mrc --tsv keys
out_is "lru${tab}2${tab}6${tab}2
lru${tab}3${tab}6${tab}3"
run 0 cfcache --mrc --tsv -c 50% -p fifo keys
out_is "fifo${tab}1${tab}6${tab}0
lru${tab}2${tab}6${tab}2
lru${tab}3${tab}6${tab}3"
run 0 cfcache --mrc --tsv /dev/null
out_is_empty
run 0 cfcache --mrc --json keys
out_has '{"policy":"lru","capacity":2,"requests":6,"hits":2,"hit_ratio":0.33333333333333331}'
run 0 cfcache --mrc --tsv many many
out_is "lru${tab}200000${tab}400000${tab}200000"

# Keys of any bytes; those that are too long are skipped.
head -c 65537 /dev/zero | tr '\0' x >long
{ cat long; echo; printf '\377\n\377\n\n\n'; head -c 65536 long; } >odd
run 0 cfcache -c 3 --mrc --tsv odd
out_is "lru${tab}3${tab}5${tab}2
lru${tab}1${tab}5${tab}2"
err_is 'cfcache: warning: 1 lines lack what was asked for and were skipped'

# What is skipped is told.
run 0 cfcache -c 5 -k 2 --tsv keys
out_is "lru${tab}5${tab}0${tab}0"
err_is 'cfcache: warning: 6 lines lack what was asked for and were skipped'
run 0 cfcache -q -c 5 -k 1 -t 1 -e 1 keys
err_is_empty

# JSON.
run 0 cfcache -c 2,100% --json keys
out_is '{"policy":"lru","capacity":2,"requests":6,"hits":2,"hit_ratio":0.33333333333333331}
{"policy":"lru","capacity":3,"requests":6,"hits":3,"hit_ratio":0.5}'

# Usage.
for option in '' '-c 0' '-c 1,' '-c ,1' '-c x' '-c 0%' '-c 101%' '-c %' '-c 268435457' '-c 1K' \
    '-c 1 -k 0' '-c 1 -e 1' '-c 1 -t 0' '-c 1 -d xx' '-c 1 --json --tsv' '-p lru --mrc' \
    '-c 1 -p mru' '-c 1 -p lru,' '-c 1 -p lru,lru' '-c 1 -p arc -p arc' '-c 1 -s 0' \
    '-c 0 -s 1' '-c x -s 1' '--mrc -s 1' '--mrc -t 1 -e 2' "-c $(seq -s , 65)"; do
    # shellcheck disable=SC2086
    run 2 cfcache $option
    err_has "Try 'cfcache --help'"
done

# Trouble.
run 2 cfcache -c 1 nowhere
err_has 'cannot open nowhere'
out_is_empty
run 2 cfcache -c 1 --json nowhere
out_is '{"error":{"code":"io","message":"cannot open nowhere: No such file or directory"}}'
cfcache -c 1 keys >/dev/full 2>err
status=$?
check "a full disk: exit $status" test "$status" -eq 2

# Hits of recorded streams, counted by others: by stack distances, and by libCacheSim.
if data ds/dns.keys.zst && command -v zstd >/dev/null; then
    zstd -dcq "$data_file" >dns
    run 0 cfcache --tsv -c 1,100,1%,5%,10%,20%,1000 dns
    out_is "lru${tab}1${tab}26807${tab}16293
lru${tab}100${tab}26807${tab}23818
lru${tab}13${tab}26807${tab}21871
lru${tab}69${tab}26807${tab}23503
lru${tab}139${tab}26807${tab}24093
lru${tab}278${tab}26807${tab}24549
lru${tab}1000${tab}26807${tab}25364"
    run 0 cfcache --tsv --mrc -c 100 -p fifo,sieve,clock,arc,s3fifo dns
    for row in fifo,100,26807,23541 sieve,100,26807,23748 \
        clock,100,26807,23740 arc,100,26807,23818 s3fifo,100,26807,23914; do
        out_has "$(echo "$row" | tr , "$tab")"
    done
    for row in 1,26807,16293 13,26807,21871 139,26807,24093 1000,26807,25364; do
        out_has "lru$(echo ",$row" | tr , "$tab")"
    done
fi
finish
