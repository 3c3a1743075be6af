# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Unmodified servers under cfupgrade, upgraded again and again under load.
# CFKIT_UPGRADES says how often each; 20 where it is not set.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

if ! command -v python3 >/dev/null || [ ! -x "$CF_TOOLS/cfupgrade" ]; then
    skip 'no python3, or no cfupgrade: no servers are upgraded'
    ok
    finish
fi
for server in gunicorn nginx haproxy node uvicorn lighttpd php-fpm puma; do
    command=$server
    python3 "$CF_SOURCE/tests/interop/upgrade_servers.py" "$CF_TOOLS/cfupgrade" \
        --upgrades "${CFKIT_UPGRADES:-20}" $server >out 2>err
    case $? in
    0) ok ;;
    77) skip "$server is not installed" ;;
    *)
        not_ok "$server under cfupgrade"
        cat err
        ;;
    esac
    cat out
done
[ $passed -gt 0 ] || ok # all skipped, visibly
finish
