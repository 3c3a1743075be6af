# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfupgrade: scenarios that have no script of their own; cfupgrade_scenarios.md lists them all.
# shellcheck source=tests/cli/cfupgrade_lib.sh
. "$CF_SOURCE/tests/cli/cfupgrade_lib.sh"
build upgrade_server load_client

python=$(command -v python3) || skip 'no python3: not all scenarios are tried'
generation_is() {
    [ "$(status_of ctl generation)" = "$1" ]
}
state_is() {
    [ "$(status_of ctl state)" = "$1" ]
}

# Scenario 7: an upgrade before the first server is ready.
begin --listen web=unix:web.sock --control ctl --probation 0 --timeout 30s -- \
    sh -c 'until [ -e go ]; do sleep 0.05; done; exec ./upgrade_server'
until_true 'it is starting' state_is starting
run 1 cfupgrade ctl --json ctl upgrade --wait
out_has '"code":"busy"'
run 1 cfupgrade ctl --json ctl rollback
out_has '"code":"not-found"'
kill -HUP "$holder"
until_true 'SIGHUP is told the same' grep -q 'no upgrade: a process is starting already' log
: >go
until_true 'the first is not harmed' generation_is 1

run 0 cfupgrade ctl ctl stop
end 0

# Scenario 9: while former servers still drain, the next may come.
cat >slow_to_leave <<'END'
#!/bin/sh
told=no
trap 'told=yes' TERM
until [ -e leave ] && [ "$told" = yes ]; do sleep 0.05; done
exit 0
END
chmod +x slow_to_leave
begin --listen unix:@cfupgrade-$$ --ready delay:0.1 --probation 0 --control ctl -- ./slow_to_leave
until_true 'it serves' generation_is 1
for n in 2 3 4; do
    run 0 cfupgrade ctl ctl upgrade --wait
    generation_is $n || not_ok "generation $n"
done
check 'three drain, one serves' test "$(cfupgrade ctl ctl status | grep -c ', draining$')" = 3
: >leave
alone() {
    ! cfupgrade ctl ctl status | grep -q ', draining$'
}
until_true 'all have left' alone
check 'none was killed' test "$(status_of ctl forced)" = 0
run 0 cfupgrade ctl ctl stop
end 0

# Scenario 16: a server that speaks nonsense on the library's channel.
if [ -n "$python" ]; then
    cat >babble <<'END'
import os, socket, struct, sys, time
s = socket.socket(fileno=int(os.environ["CFK_UPGRADE"].split(":")[1]))
kind = open("kind").read().strip()
hello = s.recv(4096)
if kind == "garbage":
    s.send(b"garbage")
elif kind == "short":
    s.send(hello[:5])
elif kind == "long":
    s.send(hello * 100)
elif kind == "version":
    s.send(hello[:4] + b"\xff\xff" + hello[6:12])
elif kind == "serving":
    s.send(hello[:6] + struct.pack("<H", 4) + hello[8:12])
else:
    s.send(b"x" * 4096)
time.sleep(1000)
END
    echo garbage >kind
    begin --listen web=unix:web.sock --control ctl --probation 0 -- ./upgrade_server
    until_true 'it serves' generation_is 1
    for kind in garbage short long version serving more; do
        echo $kind >kind
        run 1 cfupgrade ctl --json ctl upgrade --wait -- "$python" babble
        out_has '"code":"protocol"'
        check "$kind: intact" ./load_client ./web.sock 5n >/dev/null
    done
    run 0 cfupgrade ctl ctl stop
    end 0
fi

# Scenario 24: with standard streams closed no socket takes their place.
cfupgrade --listen web=unix:web.sock -- sh -c 'exec ls -l /proc/self/fd >fds 2>&1' <&- >&- 2>&-
check 'no socket is 0, 1 or 2' sh -c '! grep -q " [012] -> socket" fds'
check 'the socket is 3' grep -q ' 3 -> socket' fds

# Scenario 35: descriptors. A server has 0 to 2, its sockets, and the channel of the library
# behind them; cfupgrade has as many after failed upgrades as before.
run 1 cfupgrade --listen web=unix:web.sock --listen two=unix:two.sock -- ls -l /proc/self/fd
out_has ' 5 -> socket'
check 'nothing else is open, but the folder that is listed' test "$(grep -c ' -> ' out)" = 7
begin --listen web=unix:web.sock --ready delay:0.1 --probation 0 --control ctl -- sleep 1000
until_true 'it serves' state_is serving
before=$(find /proc/"$holder"/fd -type l | wc -l)
for n in 1 2 3; do
    run 1 cfupgrade ctl -q ctl upgrade --wait -- false
    run 1 cfupgrade ctl -q ctl upgrade --wait -- ./missing
done
check 'no descriptor is left by failures' test "$(find /proc/"$holder"/fd -type l | wc -l)" = "$before"
check 'no zombie is left' sh -c "! ps -o stat= --ppid $holder | grep -q Z"
run 0 cfupgrade ctl ctl stop
end 0

# Scenarios 37 and 38: the program replaced by rename, through a link, by PATH, relative;
# deleted, and with the folder it was started in.
mkdir -p bin one two
for n in one two; do
    printf '#!/bin/sh\necho %s >>ran\nexec sleep 1000\n' $n >$n/program
    chmod +x $n/program
done
cp one/program bin/program
ln -s one current
begin --listen unix:@cfupgrade-$$ --ready delay:0.1 --probation 0 --control ctl -- bin/program
until_true 'it serves' generation_is 1
cp two/program bin/new
mv bin/new bin/program
run 0 cfupgrade ctl ctl upgrade --wait
run 0 cfupgrade ctl ctl upgrade --wait -- current/program
ln -sfn two current
run 0 cfupgrade ctl ctl upgrade --wait
PATH=$PWD/one:$PATH
check 'each ran what was there' test "$(tr '\n' ' ' <ran)" = 'one two one two '
rm bin/program
run 1 cfupgrade ctl ctl upgrade --wait -- bin/program
err_has 'cannot run bin/program: No such file'
run 1 cfupgrade ctl ctl upgrade --wait -- program
err_has 'cannot run program: No such file'
run 0 cfupgrade ctl ctl stop
end 0
rm -f ran
begin --listen unix:@cfupgrade-$$ --ready delay:0.1 --probation 0 --control @ctl-$$ -- program
until_true 'a program by PATH' grep -q one ran
run 0 cfupgrade ctl @ctl-$$ stop
end 0
mkdir gone
cp one/program gone/program
here=$PWD
cd gone || exit 2
cfupgrade --listen unix:@cfupgrade-$$ --ready delay:0.1 --probation 0 --control "@ctl-$$" -- ./program 2>"$here/log" &
holder=$!
cd "$here" || exit 2
until_true 'it serves' grep -q 'generation 1 serves' log
rm -rf gone
run 1 cfupgrade ctl "@ctl-$$" upgrade
err_has 'cannot run ./program: No such file'
run 0 cfupgrade ctl "@ctl-$$" upgrade --wait -- "$(command -v sleep)" 1000
run 0 cfupgrade ctl "@ctl-$$" stop
end 0

# Scenario 41: started by somebody who ignores SIGCHLD and blocks signals: the outcome is right.
run 7 sh -c "trap '' CHLD HUP TERM; exec cfupgrade --listen unix:@cfupgrade-$$ --ready delay:0.1 -- \
    sh -c 'sleep 0.3; exit 7'"
run 1 sh -c "trap '' CHLD USR1 PIPE; exec cfupgrade --listen unix:@cfupgrade-$$ -- grep '^Sig' /proc/self/status"
out_has 'SigBlk:	0000000000000000'
out_has 'SigIgn:	0000000000000000'

# Scenario 48: the PID file goes through a link, never half, and where it cannot be nothing starts.
: >target
ln -s target link.pid
begin --listen unix:@cfupgrade-$$ --ready delay:0.1 --pid-file link.pid -- sleep 1000
until_true 'it serves' grep -q 'generation 1 serves' log
check 'the link is still one' test -h link.pid
check 'its target has the process id' test "$(cat target)" = "$holder"
kill -TERM "$holder"
end 0
for path in /nonexistent/pid /proc/pid ./one; do
    run 2 cfupgrade --listen unix:web.sock --pid-file $path -- touch started
    check 'nothing is started' test ! -e started
    check 'no socket is left' test ! -e web.sock
done

# Scenario 53: cfupgrade is killed. The server goes on; a second cfupgrade says what is wrong,
# and can start when the server has gone.
begin --listen web=tcp:127.0.0.1:0 --control ctl --pid-file pid --probation 0 -- ./upgrade_server
until_true 'it serves' generation_is 1
server=$(status_of ctl server)
address=$(cfupgrade ctl ctl fds | sed -n 's/.*tcp://p')
kill -9 "$holder"
wait "$holder" 2>/dev/null
check 'the server goes on' ./load_client "$address" 10n >/dev/null
run 2 cfupgrade ctl ctl status
err_has 'no cfupgrade listens here any more'
run 2 cfupgrade --listen "web=tcp:$address" --control ctl --pid-file pid -- ./upgrade_server
err_has "tcp:$address: bind: Address already in use"
err_has 'hint: if a cfupgrade was killed there, its server goes on'
check 'the server still goes on' ./load_client "$address" 10n >/dev/null
kill "$server"
until_true 'the server ends' is_gone "$server"
begin --listen "web=tcp:$address,reuseport" --control ctl --pid-file pid -- ./upgrade_server
until_true 'another one takes its place, stale control socket and all' generation_is 1
run 0 cfupgrade ctl ctl stop
end 0

# Scenario 56: slow requests that the former server has begun it also ends.
if [ -n "$python" ]; then
    cat >slow.py <<'END'
import os, signal, socket, threading, time
notify = os.environ["NOTIFY_SOCKET"]
listener = socket.socket(fileno=3)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *a: stop.set())
def serve(c):
    c.recv(100)
    time.sleep(2)
    c.send(b"pid %d\n" % os.getpid())
    c.close()
n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
n.sendto(b"READY=1", "\0" + notify[1:])
listener.settimeout(0.05)
threads = []
while not stop.is_set():
    try:
        c, _ = listener.accept()
    except TimeoutError:
        continue
    c.settimeout(60)
    threads.append(threading.Thread(target=serve, args=(c,)))
    threads[-1].start()
for t in threads:
    t.join()
END
    cat >ask.py <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.settimeout(60)
s.connect("slow.sock")
s.send(b"x")
open("asked", "a").write("x")
sys.exit(0 if s.recv(100).decode() == "pid %s\n" % sys.argv[1] else 1)
END
    begin --listen unix:slow.sock --control ctl --probation 0 -- "$python" slow.py
    until_true 'it serves' generation_is 1
    server=$(status_of ctl server)
    for n in 1 2 3 4; do
        "$python" ask.py "$server" &
        eval "asking$n=$!"
    done
    all_asked() {
        [ "$(cat asked 2>/dev/null)" = xxxx ]
    }
    until_true 'all have asked' all_asked
    sleep 0.3
    run 0 cfupgrade ctl ctl upgrade --wait
    # shellcheck disable=SC2154 # set by eval
    for pid in $asking1 $asking2 $asking3 $asking4; do
        wait "$pid"
        check 'the former server answered' test $? -eq 0
    done
    check 'and was not killed' test "$(status_of ctl forced)" = 0
    run 0 cfupgrade ctl ctl stop
    end 0
fi

# A thousand sockets, and little memory for them.
# shellcheck disable=SC3045 # where it can be had
ulimit -n 4096 2>/dev/null || skip 'no more than the usual number of descriptors'
# shellcheck disable=SC3045
if [ "$(ulimit -n)" -ge 2048 ]; then
    set --
    n=0
    while [ $n -lt 1000 ]; do
        set -- "$@" --listen "unix:@cfupgrade-$$-$n"
        n=$((n + 1))
    done
    begin "$@" --ready delay:0.1 --control ctl -- sleep 1000
    until_true 'it serves' state_is serving
    check 'a thousand sockets' test "$(cfupgrade ctl ctl fds | wc -l)" = 1000
    if ldd "$(command -v cfupgrade)" 2>&1 | grep -q 'not a dynamic executable'; then
        rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' /proc/"$holder"/status)
        check "1.5 MB of memory are enough, not $rss kB" test "$rss" -le 1536
    else
        skip 'not linked statically: its memory is not measured'
    fi
    run 0 cfupgrade ctl -q ctl upgrade --wait
    run 0 cfupgrade ctl ctl stop
    end 0
fi
finish
