# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfupgrade: the kinds of --ready, and --probation: no false success.
# shellcheck source=tests/cli/cfupgrade_lib.sh
. "$CF_SOURCE/tests/cli/cfupgrade_lib.sh"
build upgrade_server load_client

# Scenario 13: ready, and dead soon after. The former server goes on, and ctl tells the truth.
cat >server <<'END'
#!/bin/sh
case $(cat mode) in
good) exec ./upgrade_server ;;
exit) ./upgrade_server & sleep 0.2; kill -9 $!; exit 6 ;;
kill) ./upgrade_server & sleep 0.2; kill -9 $! $$ ;;
esac
END
chmod +x server
echo good >mode
begin --listen web=unix:web.sock --control ctl --probation 1s -- ./server
until_true 'the first server has no probation' grep -q 'generation 1 serves' log
./load_client ./web.sock 4 >load 2>&1 &
client=$!
echo exit >mode
run 1 cfupgrade ctl --json ctl upgrade --wait
out_has '{"error":{"code":"probation","message":"generation 2 was ready, and then exited with status 6"}}'
echo kill >mode
run 1 cfupgrade ctl ctl upgrade --wait
err_has 'was ready, and then was killed by signal 9'
check 'generation 1 serves' test "$(status_of ctl generation)" = 1
echo good >mode
cfupgrade ctl ctl upgrade --wait 2>wait.err &
asking=$!
on_probation() {
    [ "$(status_of ctl state)" = probation ]
}
until_true 'it is on probation' on_probation
run 1 cfupgrade ctl --json ctl upgrade
out_has '"code":"busy"'
wait $asking
check 'it passed' grep -q 'generation 2 serves' wait.err
wait $client
# What a server had accepted when it was killed is lost; nothing else is.
check 'clients were served all the while' test "$(sed -n 's/.*, \([0-9]*\) failed.*/\1/p' load)" -le 2
# Stop in the probation ends both.
cfupgrade ctl ctl upgrade --wait >/dev/null 2>&1 &
until_true 'it is on probation' on_probation
children=$(pgrep -P "$holder")
run 0 cfupgrade ctl ctl stop
end 0
for child in $children; do
    check "process $child is gone" is_gone "$child"
done

# Scenario 14: ready and dead in the same instant, again and again: never a success.
cat >instant.c <<'END'
#include <cfkit/upgrade.h>
#include <unistd.h>
int main(void)
{
    if (access("good", F_OK) == 0) {
        cfk_upgrade_notify(NULL, "READY=1", NULL);
        for (;;)
            pause();
    }
    cfk_upgrade_notify(NULL, "READY=1", NULL);
    return 1;
}
END
# shellcheck disable=SC2086 # none or one
"${CC:-cc}" $flags -I"$CF_SOURCE/include" instant.c -o instant -L"$library" -lcfkit || exit 2
: >good
begin --listen unix:@cfupgrade-$$ --control ctl --probation 1s -- ./instant
until_true 'it serves' grep -q 'generation 1 serves' log
rm good
n=0
lies=0
while [ $n -lt 50 ]; do
    cfupgrade ctl -q ctl upgrade --wait 2>/dev/null && lies=$((lies + 1))
    n=$((n + 1))
done
check "no false success in 50: $lies" test $lies -eq 0
check 'generation 1 serves' test "$(status_of ctl generation)" = 1
check 'and they are counted' test "$(status_of ctl failures)" = 50
run 0 cfupgrade ctl ctl stop
end 0

# --ready fd: a newline, or that it is closed.
# shellcheck disable=SC2016 # the server's variable
for how in 'echo up >&$READY_FD' 'eval "exec $READY_FD>&-"'; do
    begin --listen unix:@cfupgrade-$$ --ready fd --control ctl --probation 0 -- \
        sh -c "until [ -e go ]; do sleep 0.05; done; $how; exec sleep 1000"
    sleep 0.2
    check 'it is not ready before it says so' test "$(status_of ctl state)" = starting
    : >go
    until_true "ready by $how" grep -q 'generation 1 serves' log
    rm go
    run 0 cfupgrade ctl ctl stop
    end 0
done
run 1 cfupgrade --listen unix:@cfupgrade-$$ --ready fd --timeout 0.3 -- sleep 1000
err_has 'not ready in time'

# --ready exec: what a command finds out.
cat >probe <<'END'
#!/bin/sh
echo "$SERVER_PID $X" >>probes
[ -e healthy ]
END
chmod +x probe
begin --listen unix:@cfupgrade-$$ --ready exec:./probe --control ctl --probation 0 --env 'X={addr0}' -- sleep 1000
three() {
    [ "$(wc -l <probes)" -ge 3 ]
}
until_true 'the command is tried, again and again' three
check 'it is not ready before the command says so' test "$(status_of ctl state)" = starting
check 'the command knows the server' grep -qx "$(pgrep -P "$holder" sleep) @cfupgrade-$$" probes
: >healthy
until_true 'ready' grep -q 'generation 1 serves' log
rm healthy
cfupgrade ctl ctl upgrade --wait 2>/dev/null &
asking=$!
sleep 0.3
check 'the new one is asked about' test "$(status_of ctl state)" = upgrading
: >healthy
wait $asking
check 'the second is ready' test "$(status_of ctl generation)" = 2
run 0 cfupgrade ctl ctl stop
end 0
rm healthy
# shellcheck disable=SC2016 # the command's variable
begin --listen unix:@cfupgrade-$$ --ready 'exec:echo $$ >prober; exec sleep 1000' --timeout 0.5 -- sleep 1000
end 1
log_has 'not ready in time'
check 'a command that hangs is killed' is_gone "$(cat prober)"

# --ready connect: the new server accepts, not the former one.
for address in unix:web.sock unix:@cfupgrade-$$ tcp:127.0.0.1:0 'tcp:*:0'; do
    cat >accepts <<'END'
#!/bin/sh
echo $(($(cat starts 2>/dev/null) + 1)) >starts
if [ "$(cat starts)" -gt 1 ]; then until [ -e go ]; do sleep 0.05; done; fi
unset NOTIFY_SOCKET CFK_UPGRADE
exec ./upgrade_server "$1"
END
    chmod +x accepts
    rm -f go starts
    begin --listen "web=$address" --ready connect --control ctl --probation 0 -- ./accepts "$address"
    until_true "$address: it accepts" grep -q 'generation 1 serves' log
    cfupgrade ctl ctl upgrade --wait 2>/dev/null &
    asking=$!
    sleep 0.5
    check "$address: that the former one accepts does not count" test "$(status_of ctl state)" = upgrading
    : >go
    wait $asking
    check "$address: the new one accepts" test "$(status_of ctl generation)" = 2
    run 0 cfupgrade ctl ctl stop
    end 0
done
run 1 cfupgrade --listen unix:@cfupgrade-$$ --ready connect --timeout 0.3 -- sleep 1000
err_has 'not ready in time'
finish
