# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfupgrade: a server replaced under a running client, and what can go wrong.
# shellcheck source=tests/cli/cfupgrade_lib.sh
. "$CF_SOURCE/tests/cli/cfupgrade_lib.sh"
build upgrade_server load_client

# The main job: upgrades under a client, none of whose requests fails.
begin --listen web=unix:web.sock --probation 0 --pid-file pid -- ./upgrade_server
until_true 'the server serves' grep -q 'generation 1 serves' log
check 'the PID file is right' test "$(cat pid)" = "$holder"
./load_client ./web.sock 30000n >load 2>&1 &
client=$!
for generation in 2 3 4 5 6 7 8 9 10 11; do
    kill -HUP "$holder"
    until_true "generation $generation" grep -q "generation $generation serves" log
done
wait "$client"
check 'no request failed' grep -q '^30000 requests, 0 failed' load
./load_client ./web.sock 1n >load
check 'the last one serves' grep -q 'generations 11 to 11' load
kill -TERM "$holder"
end 0
log_has 'generation 10 exited with status 0'
check 'no PID file is left' test ! -e pid
check 'no socket is left' test ! -e web.sock

# Events as JSON, beside whatever the server writes.
begin --json -q --listen web=unix:web.sock --probation 0.1 -- ./upgrade_server
until_true 'ready' grep -q '"ready"' events
kill -HUP "$holder"
until_true 'drained' grep -q '"drained"' events
kill -INT "$holder"
end 0
is_empty log
events_has '{"event":"ready","generation":1,"pid":'
events_has '{"event":"probation","generation":2,"pid":'
events_has '"reason":"exited","status":0}'
events_has '{"event":"stopped"}'

# A new server that fails changes nothing, whatever way it fails.
cat >flaky <<'END'
#!/bin/sh
case $(cat mode) in
good) exec ./upgrade_server ;;
exit) exit 3 ;;
kill) kill -9 $$ ;;
hang) exec sleep 1000 ;;
esac
END
chmod +x flaky
echo good >mode
begin --listen web=unix:web.sock --timeout 3s --probation 0 -- ./flaky
until_true 'the server serves' grep -q 'generation 1 serves' log
for mode in exit kill hang; do
    echo $mode >mode
    kill -HUP "$holder"
    case $mode in
    exit) words='generation 2 exited with status 3; generation 1 goes on' ;;
    kill) words='generation 2 was killed by signal 9' ;;
    hang) words='generation 2 was not ready in time' ;;
    esac
    until_true "$words" grep -q "$words" log
    run_client=$(./load_client ./web.sock 10n)
    check "intact after $mode" test "$run_client" = '10 requests, 0 failed, generations 1 to 1'
done
mv flaky away
kill -HUP "$holder"
until_true 'told that it cannot be run' grep -q 'no upgrade: .*cannot run ./flaky: No such file' log
mv away flaky
echo good >mode
kill -HUP "$holder"
until_true 'it works again' grep -q 'generation 2 serves' log
kill -TERM "$holder"
end 0

# The server's own end, and its status, are ours.
begin --listen unix:@cfupgrade-$$ --ready delay:0.1 -- sh -c 'sleep 1; exit 7'
end 7
log_has 'generation 1 exited with status 7'
begin --listen unix:@cfupgrade-$$-b --ready delay:0.1 -- sh -c 'sleep 1; kill -9 $$'
end 137

# A first server that does not come up.
run 1 cfupgrade --listen unix:web.sock -- sh -c 'exit 4'
err_has 'exited with status 4 before it was ready'
run 1 cfupgrade --listen unix:web.sock --timeout 0.2 -- sleep 1000
err_has 'not ready in time'
run 1 cfupgrade --listen unix:web.sock -- ./no-such-server
err_has 'error: cannot run ./no-such-server: No such file'
run 1 cfupgrade --json --listen unix:web.sock -- ./no-such-server
out_has '"code":"exec-failed"'
check 'no socket is left' test ! -e web.sock

# One that does not want to stop is killed: after the drain time, or at the second signal.
cat >stubborn <<'END'
#!/bin/sh
trap '' TERM
echo up
while :; do sleep 0.05; done
END
chmod +x stubborn
begin --listen unix:@cfupgrade-$$-c --ready delay:0.2 --drain 0.3 -- ./stubborn
until_true 'serves' grep -q 'generation 1 serves' log
until_true 'has set its trap' grep -q up events
kill -TERM "$holder"
end 0
log_has 'generation 1 did not end in time and was killed'
begin --listen unix:@cfupgrade-$$-e --ready delay:0.2 -- ./stubborn
until_true 'serves' grep -q 'generation 1 serves' log
until_true 'has set its trap' grep -q up events
kill -TERM "$holder"
until_true 'stopping' grep -q 'stopping' log
kill -TERM "$holder"
end 0
log_has 'stopping now'
begin --listen unix:@cfupgrade-$$-d --ready delay:0.2 --stop-signal SIGUSR1 -- ./stubborn
until_true 'serves' grep -q 'generation 1 serves' log
until_true 'has set its trap' grep -q up events
kill -TERM "$holder"
end 0
log_has 'killed by signal 10'

# What a server is given.
# shellcheck disable=SC2016 # the server's variables
begin --listen a=tcp:127.0.0.1:0,nodelay --listen udp:127.0.0.1:0 --env 'X={fd0};{fd1}' --ready delay:0.1 -- \
    sh -c 'echo "$LISTEN_FDS $LISTEN_FDNAMES $X"; [ "$LISTEN_PID" = $$ ] && echo mine; sleep 1'
end 0
events_has '2 a:udp-127.0.0.1-0 3;4'
events_has 'mine'

# Sockets that cfupgrade itself is given are passed on.
# shellcheck disable=SC2016 # the server's variables
begin --listen web=unix:web.sock --ready delay:0.2 -- \
    cfupgrade --ready delay:0.1 -- sh -c 'echo "$LISTEN_FDNAMES"; sleep 2'
end 0
events_has 'web'

# Usage, and what cannot be had.
run 2 cfupgrade
err_has 'no command'
run 2 cfupgrade -- true
err_has 'no socket to hold'
run 2 cfupgrade --listen nowhere:1 -- true
err_has 'is no address'
run 2 cfupgrade --listen unix:x.sock,bad=1 -- true
err_has "option 'bad=1'"
run 2 cfupgrade --listen unix:@x --ready maybe -- true
err_has 'wants notify, fd, connect, delay:TIME or exec:COMMAND'
run 2 cfupgrade --listen udp:127.0.0.1:0 --ready connect -- true
err_has 'no socket that takes connections'
run 2 cfupgrade --listen unix:@x --ready exec: -- true
run 2 cfupgrade --listen unix:@x --probation soon -- true
run 2 cfupgrade --listen unix:@x --timeout soon -- true
run 2 cfupgrade --listen unix:@x --drain 0 -- true
run 2 cfupgrade --listen unix:@x --stop-signal NONE -- true
run 2 cfupgrade --listen unix:@x --env novalue -- true
run 2 cfupgrade --listen unix:x.sock --env 'A={fd1}' -- true
err_has 'names no socket'
check 'no socket is left' test ! -e x.sock
run 2 cfupgrade --listen unix:x.sock --pid-file /nonexistent/pid -- true
check 'no socket is left' test ! -e x.sock
echo mine >file
run 2 cfupgrade --listen unix:file -- true
err_has 'in use, or no socket'
is file mine
run 2 cfupgrade --json --listen unix:file -- true
out_has '"code":"exists"'
finish
