# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The example on libuv, where that is installed: it replaces itself under a client.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

command=upgrade_uv
if ! pkg-config --exists libuv 2>/dev/null; then
    skip 'no libuv'
    finish
fi
library=$(dirname "$CF_TOOLS")/lib
LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
flags=
if nm -D "$library/libcfkit.so" 2>/dev/null | grep -q __asan_init; then
    flags=-fsanitize=address,undefined
fi
# shellcheck disable=SC2046,SC2086 # options, to be split
"${CC:-cc}" -std=c11 -Wall -Wextra -Werror $flags -I"$CF_SOURCE/include" \
    "$CF_SOURCE/examples/libuv/upgrade_uv.c" -o upgrade_uv -L"$library" -lcfkit \
    $(pkg-config --cflags --libs libuv) || exit 2
# shellcheck disable=SC2086 # none or one
"${CC:-cc}" -std=c11 $flags "$CF_SOURCE/examples/c/load_client.c" -o load_client || exit 2

# answers GENERATION: that one serves, before long.
answers() {
    tries=0
    until ./load_client "127.0.0.1:$port" 1n 2>/dev/null | grep -q "generations $1 to $1"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ]; then
            not_ok "generation $1 does not answer"
            return
        fi
        sleep 0.05
    done
    ok
}

# The process that serves: the one that nobody follows.
newest() {
    pgrep -n -f "upgrade_uv tcp:127.0.0.1:$port\$"
}

port=$((20000 + $$ % 20000))
./upgrade_uv "tcp:127.0.0.1:$port" 2>err &
answers 1
./load_client "127.0.0.1:$port" 20000n >load 2>&1 &
client=$!
for generation in 2 3 4; do
    kill -HUP "$(newest)"
    answers "$generation"
    sleep 0.5 # the former one has to be gone
done
wait "$client"
check 'no request failed' grep -q '^20000 requests, 0 failed' load
is_empty err
kill -TERM "$(newest)"
tries=0
while newest >/dev/null && [ "$tries" -lt 200 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
check 'all have ended' test -z "$(newest)"
finish
