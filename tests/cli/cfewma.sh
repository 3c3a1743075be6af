# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

# The main job: the average starts at the first sample, and moves half way in a half-life.
printf '0\n8\n4\n' >values
run 0 cfewma -H 1s values
out_is '0
4
4'
err_is_empty
run 0 cfewma -H 1 --var values
out_is '0 0
16 4
8 4'
run 0 cfewma -H 1s --final <values
out_is '4'
run 0 cfewma -H 1s --every 2 values -
out_is '4'

printf '0.000000001 x 1\n60.000000001 x 3\n60.000000001 x 9\n0 x 100\n' >series
run 0 cfewma -H 1m -t 1 -x 3 series
out_is '0.000000001 1
60.000000001 2
60.000000001 2
0 2'
err_is 'cfewma: warning: 1 lines went back in time'
printf '1700000000.123456789,5\n1700000000.123456790,6\n' >csv
run 0 cfewma -q -H 1ns -t 1 -d , csv
out_is '1700000000.123456789 5
1700000000.123456790 5.5'

# Where it starts, and how far it went of late.
printf '0 100\n60 10\n120 10\n180 10\n360 10\n' >charge
run 0 cfewma -H 1m -t 1 -x 2 --start zero charge
out_is '0 0
60 5
120 7.5
180 8.75
360 9.84375'
run 0 cfewma -H 1m -t 1 -x 2 --start debias charge
out_is '0 0
60 10
120 10
180 10
360 10'
run 0 cfewma -H 1m -t 1 -x 2 --start first charge
out_has '60 55'
run 0 cfewma -H 1s --range values
out_is '0 0 0
2 8 4
3 6 4'
run 0 cfewma -H 1s --range --var --json values
out_has '{"n":3,"value":4.0,"average":4.0,"variance":8.0,"low":3.0,"high":6.0}'
seq 0 10 >clock
run 0 cfewma -H 1h -t 1 --rate --final --start debias clock
out_has '10 1.1000'
run 0 cfewma -H 1s --final --start debias --rate --json -t 1 charge
out_has '"time":"360","rate":0.693147'

# Events, also many in one second.
printf '7\n7\n7\n7\n' >events
run 0 cfewma -H 1s -t 1 --rate --final events
out_has '7 2.77258872223978'
printf '7 2\n7 2\n' >events
run 0 cfewma -H 1s -t 1 -x 2 --rate --final events
out_has '7 2.77258872223978'

# JSON.
run 0 cfewma -H 1s --var --json values
out_has '{"n":2,"value":8.0,"average":4.0,"variance":16.0}'
run 0 cfewma -q -H 1m -t 1 -x 3 --json series
out_has '{"n":1,"time":"0.000000001","value":1.0,"average":1.0}'
run 0 cfewma -H 1s -t 1 --rate --json events
out_has '{"n":1,"time":"7","rate":0.69314718055994529}'

# Lines that are no numbers.
printf '1\nnan\n\ninf\nx\n3\n' >bad
run 0 cfewma -H 1s bad
err_is 'cfewma: warning: 4 lines without the numbers asked for were skipped'
out_has '1'
run 2 cfewma -H 1s -x 2 values
out_is_empty
err_is 'cfewma: error: no line has the numbers asked for'
run 2 cfewma -H 1s -x 2 --json values
out_is '{"error":{"code":"corrupt-input","message":"no line has the numbers asked for"}}'
run 0 cfewma -H 1s /dev/null
out_is_empty

# The recorded series: to 1e-13 of fifty digits, at its last point.
if data ds/ewma/dev_ns.series.txt.zst && command -v zstd >/dev/null; then
    zstd -dqc "$data_file" >recorded
    python3 -c 'import sys
for line in open("recorded"):
    t, x = line.split()
    sys.stdout.write("%d.%09d %s\n" % (int(t) // 10**9, int(t) % 10**9, x))' >in_seconds
    check 'times in seconds' test -s in_seconds
    for start in first:seeded zero:golibs debias:debias; do
        run 0 cfewma -H 1m -t 1 -x 2 --start "${start%:*}" --every 1 in_seconds
        check "$start: as the reference" python3 -c 'import json, sys
from decimal import Decimal
ours = [Decimal(line.split()[1]) for line in open("out")]
points = json.load(open(sys.argv[1]))["points"]
worst = max(abs(ours[p["i"]] / Decimal(p[sys.argv[2]]) - 1) for p in points)
sys.exit(worst > Decimal("1e-13"))' "${data_file%/*}/dev_ns.h60000000000.json" "${start#*:}"
    done
fi

# Usage.
for option in '' '-H 0' '-H x' '-H 300y' '-H 1s -t 0' '-H 1s -x 0' '-H 1s -t 1 -x 1' '-H 1s --every 0' \
    '-H 1s --every 2 --final' '-H 1s --rate --var' '-H 1s --rate --range' '-H 1s --rate --start zero' '-H 1s --start x' '-H 1s -d xx'; do
    # shellcheck disable=SC2086
    run 2 cfewma $option
    err_has "Try 'cfewma --help'"
done

# Trouble.
run 2 cfewma -H 1s nowhere
err_has 'cannot open nowhere'
run 2 cfewma -H 1s .
err_has 'cannot read .'
cfewma -H 1s values >/dev/full 2>err
status=$?
check "a full disk: exit $status" test "$status" -eq 2
err_has 'No space left'
seq 1000000 | cfewma -H 1s >/dev/full 2>err
status=$?
check "a full disk under long output: exit $status" test "$status" -eq 2

# Output does not wait for more input.
mkfifo pipe
cfewma -H 1s pipe >live 2>err &
exec 3>pipe
printf '5\n' >&3
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -s live ] && break
    sleep 0.1
done
check 'a line in, a line out' test "$(cat live)" = 5
exec 3>&-
wait
finish
