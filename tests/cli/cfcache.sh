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
for option in '' '-c 0' '-c 1,' '-c ,1' '-c x' '-c 0%' '-c 101%' '-c %' '-c 268435457' '-c 1 -p arc' \
    '-c 1 -k 0' '-c 1 -e 1' '-c 1 -t 0' '-c 1 -d xx' '-c 1 --json --tsv' '-c 1 --mrc'; do
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

# Hits of recorded streams, counted by others by stack distances.
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
fi
finish
