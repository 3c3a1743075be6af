# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfupgrade ctl: the control socket, its truthful answers, and clients that mean no good.
# shellcheck source=tests/cli/cfupgrade_lib.sh
. "$CF_SOURCE/tests/cli/cfupgrade_lib.sh"
build upgrade_server load_client

# A server whose fate is in the file ./mode; "wait" waits for ./go.
cat >server <<'END'
#!/bin/sh
case $(cat mode) in
good) exec ./upgrade_server ;;
wait)
    until [ -e go ]; do sleep 0.05; done
    exec ./upgrade_server
    ;;
exit) exit 3 ;;
exit0) exit 0 ;;
kill) kill -9 $$ ;;
hang) exec sleep 1000 ;;
stop) kill -STOP $$ ;;
esac
END
chmod +x server
echo good >mode

begin --listen web=unix:web.sock,mode=0660 --control ctl --probation 0 --timeout 5s -- ./server
until_true 'the server serves' grep -q 'generation 1 serves' log
check 'only the owner may use the socket' test "$(stat -c %a ctl)" = 600

# What runs.
run 0 cfupgrade ctl ctl status
out_has 'state       serving'
out_has 'generation  1'
out_has "holder      $holder, 1 sockets"
out_has 'command     ./server'
run 0 cfupgrade ctl --json ctl status
out_has '"state":"serving","generation":1,"holder":'
out_has '"last":{"kind":"start","outcome":"ready","generation":1,'
out_has '"previous":null'
run 0 cfupgrade ctl ctl fds
out_is '3 web unix:web.sock'
run 0 cfupgrade ctl ctl fds --json
out_is '{"fds":[{"fd":3,"name":"web","kind":"unix","address":"web.sock"}]}'

# An upgrade, to another command, and back.
run 0 cfupgrade ctl ctl upgrade --wait
err_has 'generation 2 serves'
run 0 cfupgrade ctl ctl upgrade --wait --json -- ./upgrade_server 'unix:two words'
out_has '"kind":"upgrade","outcome":"ready","generation":3'
check 'the new command runs' test "$(status_of ctl outcome)" = ready
run 0 cfupgrade ctl ctl status
out_has 'command     ./upgrade_server unix:two words'
out_has 'previous    ./server'
run 0 cfupgrade ctl ctl rollback --wait
run 0 cfupgrade ctl ctl status
out_has 'command     ./server'
out_has 'previous    ./upgrade_server unix:two words'
kill -HUP "$holder"
until_true 'HUP runs what served last' grep -q 'generation 5 serves' log
check 'the upgrades are counted' test "$(status_of ctl upgrades)" = 4

# fails MODE CODE WORDS: a new server that fails so changes nothing, and ctl says so.
fails() {
    echo "$1" >mode
    run 1 cfupgrade ctl ctl upgrade --wait
    err_has "$3"
    echo "$1" >mode
    run 1 cfupgrade ctl --json ctl upgrade --wait
    out_has "{\"error\":{\"code\":\"$2\",\"message\":\""
    check "intact after $1" test "$(status_of ctl state)" = serving
    check "still generation 5 after $1" test "$(status_of ctl generation)" = 5
    check "it answers after $1" ./load_client ./web.sock 10n >/dev/null
}

fails exit0 exited 'exited with status 0'                # scenario 1
fails exit exited 'exited with status 3'                 # scenario 2
fails kill killed 'was killed by signal 9'               # scenario 3
run 0 cfupgrade ctl ctl stop
end 0
check 'the control socket is gone' test ! -e ctl

# Scenario 4: one that hangs or is stopped is killed at its time, not much later.
echo good >mode
begin --listen web=unix:web.sock --control ctl --probation 0 --timeout 0.5s -- ./server
until_true 'the server serves' grep -q 'generation 1 serves' log
for mode in hang stop; do
    echo $mode >mode
    run 1 cfupgrade ctl --json ctl upgrade --wait
    out_has '"code":"timeout"'
    check "intact after $mode" ./load_client ./web.sock 10n >/dev/null
done

# Scenario 5: what cannot be run is told with its reason; nothing is left of it.
: >no-program
mkdir folder
run 1 cfupgrade ctl --json ctl upgrade -- ./nothing-here
out_has '"code":"exec-failed","message":"cannot run ./nothing-here: No such file or directory"'
run 1 cfupgrade ctl ctl upgrade -- ./no-program
err_has 'Permission denied'
run 1 cfupgrade ctl ctl upgrade -- ./folder
err_has 'Permission denied'
chmod +x no-program
printf '\177ELF nonsense' >no-program
run 1 cfupgrade ctl ctl upgrade -- ./no-program
err_has 'Exec format error'
cp "$(command -v sleep)" busy
# A program that is being written to (scenario 37).
if command -v python3 >/dev/null; then
    python3 -c 'import time
f = open("busy", "r+b")
open("open", "w").close()
time.sleep(1000)' &
    writer=$!
    until_true 'it is open' test -e open
    run 1 cfupgrade ctl ctl upgrade -- ./busy 1000
    err_has 'Text file busy'
    kill $writer
fi
check 'no child is left but the server' test "$(pgrep -c -P "$holder")" = 1

run 0 cfupgrade ctl ctl stop
end 0

# Scenarios 6 and 52: a hundred ask at once. One upgrade, the others are told "busy".
echo good >mode
begin --listen web=unix:web.sock --control ctl --probation 0 --timeout 300s -- ./server
until_true 'the server serves' grep -q 'generation 1 serves' log
echo wait >mode
rm -f go statuses
n=0
while [ $n -lt 100 ]; do
    {
        cfupgrade ctl --json ctl upgrade --wait >"answer$n" 2>/dev/null
        echo $? >>statuses
    } &
    n=$((n + 1))
done
all_but_one() {
    [ "$(cat answer* | grep -c '"code":"busy"')" -eq 99 ] && [ "$(grep -c 1 statuses)" -eq 99 ]
}
until_true '99 are told that one is under way' all_but_one
check 'nobody was told yes before it was so' test "$(grep -c 0 statuses)" = 0
check 'it is starting' test "$(status_of ctl state)" = upgrading
: >go
one() {
    [ "$(grep -c 0 statuses)" -eq 1 ]
}
until_true 'the one succeeds' one
check 'one upgrade' test "$(status_of ctl generation)" = 2

# A client that goes away changes nothing; neither does one that says nothing.
rm -f go
cfupgrade ctl ctl upgrade --wait 2>/dev/null &
waiter=$!
is_upgrading() {
    [ "$(status_of ctl state)" = upgrading ]
}
until_true 'it is starting' is_upgrading
kill $waiter
: >go
is_third() {
    [ "$(status_of ctl generation)" = 3 ]
}
until_true 'it went on without the client' is_third

# Hostile input: each gets an answer or is dropped, and the service goes on.
if command -v python3 >/dev/null; then
    run 0 python3 "$CF_SOURCE/tests/cli/cfupgrade_hostile.py" ctl
    out_is 'ok'
else
    skip 'no python3: no hostile clients'
fi
check 'intact after hostile clients' ./load_client ./web.sock 10n >/dev/null
check 'nothing changed' test "$(status_of ctl generation)" = 3

# Another user is not heard.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod 777 . ctl
    run 2 setpriv --reuid 12345 --clear-groups "$(command -v cfupgrade)" ctl "$PWD/ctl" stop
    err_has 'only root and the user of cfupgrade may ask'
    check 'it still runs' test "$(status_of ctl state)" = serving
else
    skip 'not root: that other users are refused is not tried'
fi

# A second cfupgrade finds the socket in use.
run 2 cfupgrade --listen unix:@cfupgrade-$$ --control ctl -- true
err_has 'ctl: in use'

# Stop, at once where it has to be.
cat >stubborn <<'END'
#!/bin/sh
trap '' TERM
: >up
while :; do sleep 0.05; done
END
chmod +x stubborn
run 0 cfupgrade ctl ctl stop
end 0
begin --listen unix:@cfupgrade-$$ --ready delay:0.1 --control @cfupgrade-ctl-$$ -- ./stubborn
until_true 'it has set its trap' test -e up
until_true 'it serves' grep -q 'generation 1 serves' log
cfupgrade ctl @cfupgrade-ctl-$$ stop 2>/dev/null &
until_true 'it is stopping' grep -q 'stopping' log
run 1 cfupgrade ctl --json @cfupgrade-ctl-$$ upgrade
out_has '"code":"stopped"'
run 0 cfupgrade ctl --json @cfupgrade-ctl-$$ stop --now
out_is '{"outcome":"stopped","forced":1}'
end 0

# Usage.
run 2 cfupgrade ctl
err_has 'path of a control socket and a verb'
run 2 cfupgrade ctl nowhere status
err_has 'nowhere: No such file'
run 2 cfupgrade ctl --json nowhere status
out_has '"code":"io"'
run 2 cfupgrade ctl nowhere dance
err_has "no verb 'dance'"
run 2 cfupgrade ctl nowhere status more
run 2 cfupgrade ctl nowhere status --wait
err_has 'status: an option that this verb does not take'
run 2 cfupgrade ctl nowhere rollback -- x
err_has 'only upgrade takes a command'
run 2 cfupgrade ctl nowhere upgrade --
err_has 'no command after --'
run 2 cfupgrade ctl "$(printf '%0200d' 0)" status
run 2 cfupgrade --control "$(printf '%0200d' 0)" --listen unix:@x-$$ -- true
finish
