# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

# The main job, by the times in the lines.
printf '%s\n' '0 a' '0 a' '0 b' '0.5 a' '1 a' '1.499999999 a' '1.5 a' >log
run 0 cflimit -r 2/s -b 1 -f 2 -t 1 log
out_is '0 a
0 b
0.5 a
1 a
1.5 a'
err_is_empty
run 0 cflimit -r 2/s -f 2 -t 1 --mark log
out_is '+ 0 a
+ 0 a
+ 0 b
+ 0.5 a
+ 1 a
- 1.499999999 a
+ 1.5 a'
run 0 cflimit -r 1/h -t 1 log
out_is '0 a'
run 0 cflimit -v -r 2/1h -t 1 - log </dev/null
out_is '0 a
0 a'
err_is 'cflimit: 2 lines passed, 5 did not'
for rate in 3/m 3/1m 3/60s 3/60000ms 180/h 4320/d; do
    run 0 cflimit -r $rate -b 3 -t 1 log
    out_is '0 a
0 a
0 b'
done

# By the clock: a burst, then nothing more within an hour.
seq 100 >hundred
run 0 cflimit -r 5/h hundred
out_is '1
2
3
4
5'
printf 'x,1\ny,1\nx,2\n' >csv
run 0 cflimit -r 1/h -f 1 -d , csv
out_is 'x,1
y,1'

# JSON tells how long to wait.
run 0 cflimit -r 1/s -t 1 -f 2 --json log
out_has '{"pass":true,"retry_after":0.0,"line":"0 a"}'
out_has '{"pass":false,"retry_after":0.5,"line":"0.5 a"}'

run 0 cflimit -r 1/s -b 1 -t 1 -c 3 --json - <<EOF
0 a 1
0 a 5
EOF
out_has '{"pass":false,"retry_after":null,"line":"0 a 5"}'

# What a line costs, when it would pass, and the other half.
printf '%s\n' '0 a 3' '0 a 3' '0 a 9' '1 a 3' '1 a' >costs
run 0 cflimit -r 3/s -b 5 -f 2 -t 1 -c 3 --mark --retry-after costs
out_is '+ 0 0 a 3
- 0.333333334 0 a 3
- never 0 a 9
+ 0 1 a 3
+ 0 1 a'
err_is 'cflimit: warning: 1 lines have no cost in field 3 and counted as one'
run 0 cflimit -q -r 3/s -b 5 -f 2 -t 1 -c 3 --invert costs
out_is '0 a 3
0 a 9'

# Any number of keys in buckets.
seq 100000 >many
run 0 cflimit -r 1/h -f 1 --buckets 1 many
out_is '1'
run 0 cflimit -r 1/h -f 1 --buckets 16777216 --stats many
check "hardly any of 100000 keys share a bucket: $(wc -l <out)" test "$(wc -l <out)" -gt 99000
err_has 'of 16777216 buckets'
err_has 'by about '
run 2 cflimit -r 1/h -f 1 many
err_has 'more than 65536 keys at once'
err_has '--buckets'
run 0 cflimit -r 1/s -f 2 -t 1 --stats log
err_is 'cflimit: 3 lines passed, 4 did not; of 65536 keys 1 in use'
run 0 cflimit -r 1/s -f 2 -t 1 --stats --json log
check 'statistics are the last object' test "$(tail -n 1 out)" = \
    '{"stats":{"passed":3,"denied":4,"room":65536,"in_use":1,"keys":1.0,"sharing":0.0}}'

# Lines without key or time.
printf '5 a\nx a\n6\n6\n' >odd
run 0 cflimit -r 1/h -f 2 -t 1 odd
out_is '5 a
6'
err_has '2 lines have no field 2 and shared one limit'
err_has '1 lines have no time in field 1'

# Room for keys.
printf '%s\n' '0 a' '0 b' '0 c' >three
run 2 cflimit -r 1/s -f 2 -t 1 --keys 2 three
err_has 'more than 2 keys at once'
err_has '--keys makes room'
run 0 cflimit -r 1/s -f 2 -t 1 --keys 3 three
printf '%s\n' '0 a' '0 b' '1 c' >three
run 0 cflimit -r 1/s -f 2 -t 1 --keys 2 three

# Usage.
for option in '' '-r 1' '-r /s' '-r 1/' '-r 0/s' '-r 1/x' '-r x/s' '-r -1/s' '-r 1/0s' '-r 1/s -b 0' \
    '-r 1/s -b 2147483648' '-r 1/s -f 0' '-r 1/s -t 0' '-r 1/s -d xx' '-r 1/s --keys 0' '-r 1/s --buckets 0' \
    '-r 1/s --keys 1 --buckets 1' '-r 1/s --retry-after' '-r 1/s --invert --mark' '-r 1/s --invert --json' '-r 1/s -c 0'; do
    # shellcheck disable=SC2086
    run 2 cflimit $option
    err_has "Try 'cflimit --help'"
done

# Trouble.
run 2 cflimit -r 4294967297/7ns log
err_has 'cannot be told apart'
run 2 cflimit -r 1/s nowhere
err_has 'cannot open nowhere'
run 2 cflimit -r 1/s --json nowhere
out_is '{"error":{"code":"io","message":"cannot open nowhere: No such file or directory"}}'
yes | cflimit -r 1000000000/s -b 2147483647 >/dev/full 2>err
status=$?
check "a full disk ends an endless stream: exit $status" test "$status" -eq 2
err_has 'No space left'

# Output does not wait for more input.
mkfifo pipe
cflimit -r 1/h pipe >live 2>err &
exec 3>pipe
printf 'first\n' >&3
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -s live ] && break
    sleep 0.1
done
check 'a line in, a line out' test "$(cat live)" = first
exec 3>&-
wait
finish
