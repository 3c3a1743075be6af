# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Deltas as a browser has them: the example server and headless Chromium.
# usage: chromium.sh BUILD
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

library=$1/lib/libcfkit.so.0
browser=$(command -v chromium)
[ -n "$browser" ] || {
    skip 'chromium is not installed: no browser decodes deltas'
    ok
    finish
}
command -v python3 >/dev/null || {
    skip 'python3 is not installed: there is no server for the browser'
    ok
    finish
}
[ -f "$library" ] || {
    skip 'no libcfkit.so.0 with delta was built'
    ok
    finish
}
run 0 python3 "$CF_SOURCE/tests/interop/chromium_delta.py" "$browser" "$library" \
    "$CF_SOURCE/examples"
out_has 'bytes of dcz became'
cat out
finish
