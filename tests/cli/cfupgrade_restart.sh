# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfupgrade --restart, signals that are forwarded, and process 1 of a container.
# shellcheck source=tests/cli/cfupgrade_lib.sh
. "$CF_SOURCE/tests/cli/cfupgrade_lib.sh"
build upgrade_server load_client

# Scenario 45: a server that ends is started anew, later each time while it keeps ending.
cat >server <<'END'
#!/bin/sh
case $(cat mode) in
good) exec ./upgrade_server ;;
crash) exit 9 ;;
esac
END
chmod +x server
echo good >mode
begin --probation 0 --listen web=unix:web.sock --restart --control ctl --json -- ./server
until_true 'the server serves' grep -q 'generation 1 serves' log
kill -9 "$(status_of ctl server)"
until_true 'another one serves' grep -q 'generation 2 serves' log
log_has 'generation 1 was killed by signal 9'
check 'it answers' ./load_client ./web.sock 10n >/dev/null
check 'the restart is counted' test "$(status_of ctl restarts)" = 1

echo crash >mode
kill -9 "$(status_of ctl server)"
five() {
    [ "$(grep -c backing-off events)" -ge 5 ]
}
until_true 'it backs off, again and again' five
# 0.1 s, 0.2 s, 0.4 s..., each a quarter more or less.
sed -n 's/.*"seconds":\([0-9.]*\).*/\1/p' events | awk '
    { want = 0.1 * 2 ^ (NR - 1) }
    $1 < want * 0.74 || $1 > want * 1.26 { wrong = 1 }
    END { exit wrong || NR < 5 }' && right=true || right=false
check 'the pauses double' "$right"
until_true 'it says what it does' sh -c 'cfupgrade ctl ctl status | grep -q backing-off'
# A client that comes meanwhile waits, and is not refused.
./load_client ./web.sock 1n >load 2>&1 &
client=$!
# SIGHUP during the pause starts at once.
sleep 0.2
echo good >mode
kill -HUP "$holder"
until_true 'HUP ends the pause' sh -c 'cfupgrade ctl ctl status | grep -q serving'
wait $client
check 'whoever waited was answered' grep -q '^1 requests, 0 failed' load

# An upgrade asked for meanwhile does so too; stop ends it all.
echo crash >mode
kill -9 "$(status_of ctl server)"
until_true 'it backs off' sh -c 'cfupgrade ctl ctl status | grep -q backing-off'
run 1 cfupgrade ctl --json ctl upgrade --wait
out_has '"code":"exited"'
run 0 cfupgrade ctl ctl stop
end 0

# A first server that does not come up is a mistake, and ends cfupgrade.
echo crash >mode
run 1 cfupgrade --restart --listen unix:web.sock -- ./server
err_has 'exited with status 9 before it was ready'

# Without --restart a server that crashes while its successor starts is succeeded.
cat >slow <<'END'
#!/bin/sh
if [ -e slow.pid ]; then until [ -e go ]; do sleep 0.05; done; fi
: >slow.pid
exec ./upgrade_server
END
chmod +x slow
begin --probation 0 --listen web=unix:web.sock --control ctl -- ./slow
until_true 'the server serves' grep -q 'generation 1 serves' log
server=$(status_of ctl server)
run 0 cfupgrade ctl ctl upgrade
kill -9 "$server"
until_true 'its end is told' grep -q 'generation 1 was killed' log
: >go
until_true 'the next one serves' grep -q 'generation 2 serves' log
check 'it answers' ./load_client ./web.sock 10n >/dev/null
run 0 cfupgrade ctl ctl stop
end 0

# SIGUSR1 is for the server.
cat >reopener <<'END'
#!/bin/sh
trap 'echo reopened' USR1
trap 'exit 0' TERM
: >up
while :; do sleep 0.05; done
END
chmod +x reopener
begin --probation 0 --listen unix:@cfupgrade-$$ --ready delay:0.1 -- ./reopener
until_true 'it has set its traps' test -e up
until_true 'it serves' grep -q 'generation 1 serves' log
kill -USR1 "$holder"
until_true 'the server heard it' grep -q reopened events
kill -TERM "$holder"
end 0

# Scenario 57: TERM during an upgrade ends both; no orphan is left.
rm -f go slow.pid
begin --probation 0 --listen web=unix:web.sock --control ctl -- ./slow
until_true 'the server serves' grep -q 'generation 1 serves' log
cfupgrade ctl --json ctl upgrade --wait >answer 2>/dev/null &
asking=$!
until_true 'it is starting' sh -c 'cfupgrade ctl ctl status | grep -q upgrading'
children=$(pgrep -P "$holder")
kill -TERM "$holder"
end 0
wait $asking
check 'who waits for the upgrade is told' grep -q '"code":"stopped"' answer
for child in $children; do
    check "process $child is gone" is_gone "$child"
done
check 'the socket is gone' test ! -e web.sock

# Scenario 50: as process 1 it reaps orphans, and ends as the server does.
if unshare --pid --fork --mount-proc true 2>/dev/null; then
    cat >parent <<'END'
#!/bin/sh
# Orphans: each is left to process 1 by a parent that ends at once.
for i in 1 2 3 4 5; do (sleep 0.1 &); done
sleep 0.5
grep -l '^State:.Z' /proc/[0-9]*/status >zombies
ps -o pid= -o comm= -p 1 >first
[ $# -eq 0 ] || exit "$1"
trap 'exit 0' TERM
: >up
while :; do sleep 0.05; done
END
    chmod +x parent
    run 5 unshare --pid --fork --mount-proc "$(command -v cfupgrade)" \
        --listen unix:@cfupgrade-$$ --ready delay:0.1 -- ./parent 5
    check 'cfupgrade was process 1' grep -q cfupgrade first
    check 'no zombies' test ! -s zombies
    rm -f up
    unshare --pid --fork --mount-proc --kill-child "$(command -v cfupgrade)" \
        --listen unix:@cfupgrade-$$ --ready delay:0.1 --control ctl -- ./parent >events 2>log &
    holder=$!
    until_true 'it serves' test -e up
    until_true 'it stops as it is told' cfupgrade ctl ctl stop
    end 0
else
    skip 'no namespace of processes may be made: cfupgrade as process 1 is not tried'
fi
finish
