# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Scenario 51: SIGUSR2, cfupgrade replaces itself and nobody notices.
# shellcheck source=tests/cli/cfupgrade_lib.sh
. "$CF_SOURCE/tests/cli/cfupgrade_lib.sh"
build upgrade_server load_client

cp "$(command -v cfupgrade)" holder

cat >server <<'END'
#!/bin/sh
case $(cat mode) in
good) exec ./upgrade_server ;;
wait)
    until [ -e go ]; do sleep 0.05; done
    exec ./upgrade_server
    ;;
esac
END
chmod +x server
echo good >mode

# own_begin OPTION...: as begin, of ./holder.
own_begin() {
    command="./holder $*"
    : >events
    : >log
    ./holder "$@" >events 2>log &
    holder=$!
}

anew() {
    [ "$(grep -c 'goes on, generation' log)" -eq "$1" ]
}

own_begin --listen web=unix:web.sock --listen udp:127.0.0.1:0 --control ctl --pid-file pid --probation 0 \
    --drain 20s --restart -- ./server
until_true 'the server serves' grep -q 'generation 1 serves' log
run 0 cfupgrade ctl ctl upgrade --wait -- ./upgrade_server
server=$(status_of ctl server)
cfupgrade ctl ctl fds >before
./load_client ./web.sock 20000n >load 2>&1 &
client=$!

# The program is replaced, as a package manager does it, and run anew.
cp holder holder.new
mv holder.new holder
kill -USR2 "$holder"
until_true 'it runs anew' anew 1
check 'it is the new file' test "$(stat -L -c %i /proc/"$holder"/exe)" = "$(stat -c %i holder)"
check 'the server is the same' test "$(status_of ctl server)" = "$server"
check 'the count of upgrades is kept' test "$(status_of ctl upgrades)" = 1
cfupgrade ctl ctl fds >after
check 'the sockets are the same' cmp -s before after
check 'the PID file is right' test "$(cat pid)" = "$holder"
check 'the control socket is as closed as before' test "$(stat -c %a ctl)" = 600

# It goes on from there: upgrade, rollback, HUP.
run 0 cfupgrade ctl ctl rollback --wait
run 0 cfupgrade ctl ctl status
out_has 'command     ./server'
out_has 'previous    ./upgrade_server'
kill -HUP "$holder"
until_true 'HUP works' grep -q 'generation 4 serves' log

# Again and again: nothing is lost or piles up.
fds=$(find /proc/"$holder"/fd | wc -l)
n=1
while [ $n -lt 10 ]; do
    n=$((n + 1))
    kill -USR2 "$holder"
    until_true "it runs anew, $n times" anew $n
done
run 0 cfupgrade ctl ctl upgrade --wait
is_alone() {
    [ "$(pgrep -c -P "$holder")" -eq 1 ]
}
until_true 'the former server has gone' is_alone
check 'no descriptor is left behind' test "$(find /proc/"$holder"/fd | wc -l)" -le "$fds"
wait $client
check 'no request failed' grep -q '^20000 requests, 0 failed' load

# Not while a server starts.
echo wait >mode
rm -f go
cfupgrade ctl ctl upgrade --wait >/dev/null 2>&1 &
asking=$!
is_upgrading() {
    [ "$(status_of ctl state)" = upgrading ]
}
until_true 'one is starting' is_upgrading
kill -USR2 "$holder"
until_true 'it waits for that' grep -q 'stays as it is: upgrade: a process is starting' log
: >go
wait $asking
check 'the upgrade was not harmed' test "$(status_of ctl generation)" = 6

# A program that cannot take over does not: whatever it is, all goes on.
n=1
for bad in /bin/false not-executable missing; do
    mv holder good
    case $bad in
    not-executable) : >holder ;;
    missing) ;;
    *) cp $bad holder ;;
    esac
    kill -USR2 "$holder"
    n=$((n + 1))
    stays() {
        [ "$(grep -c 'stays as it is' log)" -eq "$n" ]
    }
    until_true "$bad: it stays as it is" stays
    check "$bad: the server goes on" test "$(status_of ctl state)" = serving
    mv good holder
done
kill -USR2 "$holder"
until_true 'then it can again' anew 11

# A server that ends is noticed, with its status, by the new program as by the old.
kill -9 "$(status_of ctl server)"
until_true 'its end is told' grep -q 'generation 6 was killed by signal 9' log
until_true 'it is restarted' grep -q 'generation 7 serves' log
run 0 cfupgrade ctl ctl stop
end 0
check 'no socket is left' test ! -e web.sock
check 'no control socket is left' test ! -e ctl
check 'no PID file is left' test ! -e pid

# One that was told to stop before, and takes its time, is killed at its time after.
cat >stubborn <<'END'
#!/bin/sh
trap '' TERM
: >up
while :; do sleep 0.05; done
END
chmod +x stubborn
own_begin --json --listen unix:@cfupgrade-$$ --ready delay:0.1 --control ctl --probation 0 --drain 2s -- ./stubborn
until_true 'it has set its trap' test -e up
until_true 'it serves' grep -q 'generation 1 serves' log
run 0 cfupgrade ctl ctl upgrade --wait -- sleep 1000
kill -USR2 "$holder"
until_true 'it runs anew' anew 1
check 'as JSON, too' grep -q '{"event":"resumed","generation":2,"version":"' events
until_true 'the former server is killed' grep -q 'generation 1 did not end in time and was killed' log
check 'and counted' test "$(status_of ctl forced)" = 1
run 0 cfupgrade ctl ctl stop
end 0

# What names no state is no state.
: >file
run 2 env CFUPGRADE_STATE=3 cfupgrade --listen unix:@cfupgrade-$$ -- true 3<file
err_has 'names no state of cfupgrade'
run 1 env CFUPGRADE_STATE=nonsense cfupgrade --listen unix:@cfupgrade-none-$$ -- false
finish
