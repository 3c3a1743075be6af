# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cfupgrade: what a server is given, and sets of sockets that change.
# shellcheck source=tests/cli/cfupgrade_lib.sh
. "$CF_SOURCE/tests/cli/cfupgrade_lib.sh"
build upgrade_server load_client

# Tells what it was given, each time it is started; ready when it has.
cat >teller <<'END'
#!/bin/sh
{
    echo "$LISTEN_FDNAMES"
    env | grep '^\(NGINX\|EINHORN\|SERVER_STARTER\|FPM\|X\)' | sort
} >told
[ ! -e fail ] || exit 3
exec sleep 1000
END
chmod +x teller

# The spellings of other families, and templates.
begin --listen a=tcp:127.0.0.1:0 --listen 'tcp:[::1]:0' --listen unix:web.sock --listen udp:127.0.0.1:0 \
    --compat nginx --compat einhorn --compat starter --compat fpm --env 'X={fd0} {addr2} {fd10x} {addr0}' \
    --ready delay:0.1 --control ctl -- ./teller
until_true 'it serves' grep -q 'generation 1 serves' log
cfupgrade ctl --json ctl fds >before
port=$(grep -o '"address":"127.0.0.1:[0-9]*' before | head -n 1 | grep -o '[0-9]*$')
port6=$(grep -o '"address":"\[::1\]:[0-9]*' before | grep -o '[0-9]*$')
udp=$(grep -o '"address":"127.0.0.1:[0-9]*' before | tail -n 1 | grep -o '[0-9]*$')
check 'as nginx has it' grep -qx 'NGINX=3;4;5;6;' told
check 'as Server::Starter has it' grep -qx \
    "SERVER_STARTER_PORT=127.0.0.1:$port=3;\[::1\]:$port6=4;web.sock=5;127.0.0.1:$udp=6" told
check 'its generation' grep -qx 'SERVER_STARTER_GENERATION=1' told
check 'as php-fpm has it' grep -qx "FPM_SOCKETS=127.0.0.1:$port=3,\[::1\]:$port6=4,web.sock=5,127.0.0.1:$udp=6" told
check 'as Einhorn has it' grep -qx 'EINHORN_FDS=3 4 5 6' told
check 'Einhorn counts' grep -qx 'EINHORN_FD_COUNT=4' told
check 'Einhorn, the third' grep -qx 'EINHORN_FD_2=5' told
check 'Einhorn, its family' grep -qx 'EINHORN_FD_FAMILY_1=AF_INET6' told
check 'Einhorn, who holds' grep -qx "EINHORN_MASTER_PID=$holder" told
check 'a template' grep -qx "X=3 web.sock {fd10x} 127.0.0.1:$port" told
run 0 cfupgrade ctl ctl stop
end 0

# Scenario 58: another set of sockets. What is added is bound before, what is left out is
# closed when the new server serves.
begin --listen a=unix:a.sock --listen b=unix:b.sock --listen c=unix:c.sock --ready delay:0.3 --probation 0 \
    --control ctl -- ./teller
until_true 'it serves' grep -q 'generation 1 serves' log
check 'the first set' grep -qx 'a:b:c' told
cfupgrade ctl ctl upgrade --wait --listen d=unix:d.sock --listen b=unix:b.sock --listen a=unix:a.sock 2>/dev/null &
asking=$!
until_true 'what is added is bound before' test -S d.sock
check 'what is left out is still there' test -S c.sock
wait $asking
check 'upgraded' test "$(status_of ctl generation)" = 2
check 'in the order asked for' grep -qx 'd:b:a' told
check 'what was left out is closed' test ! -e c.sock
run 0 cfupgrade ctl ctl fds
out_is '3 d unix:d.sock
4 b unix:b.sock
5 a unix:a.sock'

# A server that fails changes nothing, not even the set and its order.
: >fail
for set in '--listen=x=unix:x.sock' '--listen=a=unix:a.sock' '--listen=a=unix:a2.sock --listen=d=unix:d.sock'; do
    # shellcheck disable=SC2086 # several options
    run 1 cfupgrade ctl --json ctl upgrade --wait $set
    out_has '"code":"exited"'
    run 0 cfupgrade ctl ctl fds
    out_is '3 d unix:d.sock
4 b unix:b.sock
5 a unix:a.sock'
    check "$set: what was added is gone" sh -c '! ls x.sock a2.sock 2>/dev/null'
    check "$set: the paths are there" test -S a.sock -a -S b.sock -a -S d.sock
done
# Neither do a socket that cannot be had, a program that cannot be run, a template that fails.
run 2 cfupgrade ctl --json ctl upgrade --listen x=unix:x.sock --listen y=unix:/nonexistent/y.sock
out_has '"code":"io"'
check 'nothing is left' test ! -e x.sock
run 2 cfupgrade ctl --json ctl upgrade --listen nonsense
out_has '"code":"invalid-argument"'
run 1 cfupgrade ctl --json ctl upgrade --listen x=unix:x.sock -- ./missing
out_has '"code":"exec-failed"'
check 'nothing is left' test ! -e x.sock
run 0 cfupgrade ctl ctl fds
out_is '3 d unix:d.sock
4 b unix:b.sock
5 a unix:a.sock'
rm fail

# The same name at another address: it is another socket.
run 0 cfupgrade ctl ctl upgrade --wait --listen a=unix:a2.sock
check 'the new address' test -S a2.sock
check 'the former ones are gone' sh -c '! ls a.sock b.sock d.sock 2>/dev/null'
check 'one socket' grep -qx 'a' told
# The set stays for what follows, and is what stop removes.
run 0 cfupgrade ctl ctl upgrade --wait
check 'the set stays' grep -qx 'a' told
kill -USR2 "$holder"
until_true 'over SIGUSR2, too' grep -q 'goes on, generation' log
run 0 cfupgrade ctl ctl upgrade --wait --listen a=unix:a2.sock --listen e=unix:e.sock
check 'two sockets' grep -qx 'a:e' told
run 0 cfupgrade ctl ctl stop
end 0
check 'nothing is left' sh -c '! ls *.sock 2>/dev/null'

# No request fails over it.
begin --listen web=unix:web.sock --probation 0 --control ctl -- ./upgrade_server
until_true 'it serves' grep -q 'generation 1 serves' log
./load_client ./web.sock 20000n >load 2>&1 &
client=$!
for n in 2 3 4 5 6; do
    run 0 cfupgrade ctl -q ctl upgrade --wait --listen "x$n=unix:x$n.sock" --listen web=unix:web.sock
done
wait $client
check 'no request failed' grep -q '^20000 requests, 0 failed' load
run 0 cfupgrade ctl ctl stop
end 0

# A group of sockets at one address and of one name keeps its order and number.
begin --listen g=tcp:127.0.0.1:0,reuseport --listen g=unix:g1.sock --listen g=unix:g2.sock --ready delay:0.1 \
    --probation 0 --control ctl -- ./teller
until_true 'it serves' grep -q 'generation 1 serves' log
check 'three of one name' grep -qx 'g:g:g' told
run 0 cfupgrade ctl ctl upgrade --wait --listen g=unix:g2.sock --listen g=unix:g3.sock
run 0 cfupgrade ctl ctl fds
out_is '3 g unix:g2.sock
4 g unix:g3.sock'
run 0 cfupgrade ctl ctl stop
end 0
finish
