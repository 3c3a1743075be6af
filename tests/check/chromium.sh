# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Deltas over HTTP: the example server, with a client by hand and with headless Chromium.
# usage: chromium.sh BUILD
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

library=$1/lib/libcfkit.so.0
interop=$CF_SOURCE/tests/interop
if ! command -v python3 >/dev/null || [ ! -f "$library" ]; then
    skip 'no python3, or no shared library: the example server is not tried'
    ok
    finish
fi
run 0 python3 "$interop/delta_server_test.py" "$library" "$CF_SOURCE/examples" "$1/cli/cfdelta"
out_has 'bytes instead of'
if browser=$(command -v chromium); then
    run 0 python3 "$interop/chromium_delta.py" "$browser" "$library" "$CF_SOURCE/examples"
    out_has 'bytes of dcz became'
    cat out
else
    skip 'chromium is not installed: no browser decodes deltas'
fi
finish
