# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Scenarios 32, 33, 34, 54: cfupgrade under a service manager, and what the environment says.
# shellcheck source=tests/cli/cfupgrade_lib.sh
. "$CF_SOURCE/tests/cli/cfupgrade_lib.sh"

if command -v python3 >/dev/null; then
    run 0 python3 "$CF_SOURCE/tests/cli/cfupgrade_manager.py" "$(command -v cfupgrade)"
    out_is 'ok'
else
    skip 'no python3: no service manager is played'
fi

# Scenario 33: sockets for another process are not for us.
run 2 env LISTEN_FDS=1 LISTEN_PID=1 cfupgrade -- true
err_has 'no socket to hold'
# shellcheck disable=SC2016 # of the inner shell
run 2 sh -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec cfupgrade -- true 3<&-'
err_has 'was passed but is not open'
# shellcheck disable=SC2016
run 2 sh -c 'LISTEN_PID=$$ LISTEN_FDS=many exec cfupgrade -- true'
err_has "LISTEN_FDS is 'many', no number"

# Scenario 34: a hand-over that is not ours is not touched: this is a first start.
: >file
for text in 1:3:00112233445566778899aabbccddeeff 9:9:9 nonsense ''; do
    run 0 env CFK_UPGRADE="$text" cfupgrade --listen unix:@cfupgrade-$$ --ready delay:0.05 -- \
        sh -c 'sleep 0.2' 3<file
done

# Nobody listens at NOTIFY_SOCKET, or it is nonsense: a warning at most.
for address in "$PWD/nobody" @nobody-$$ relative ''; do
    run 0 env NOTIFY_SOCKET="$address" cfupgrade --listen unix:@cfupgrade-$$ --ready delay:0.05 -- sh -c 'sleep 0.2'
done
run 0 env WATCHDOG_USEC=soon cfupgrade --listen unix:@cfupgrade-$$ --ready delay:0.05 -- sh -c 'sleep 0.2'
err_has "WATCHDOG_USEC is 'soon', no time"
finish
