#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: examples/quickstart.sh
#
# From a fresh checkout to every tool at work: installs what the build needs
# (on Debian), builds into ./build, then shows each tool on real input. Nothing
# is installed into the system but those packages.
set -eu

cd "$(dirname "$0")/.."
source=$PWD
build=${CFKIT_BUILD:-$source/build}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
    bold='' dim='' plain=''
fi

part() {
    printf '\n%s== %s ==%s\n' "$bold" "$1" "$plain"
    shift
    printf '%s\n' "$@"
}

# Show a command line, run it, show what it says and a status that is not 0.
show() {
    printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
    status=0
    "$@" 2>&1 || status=$?
    [ "$status" -eq 0 ] || printf '%s(exit status %d)%s\n' "$dim" "$status" "$plain"
}

# The same for a line of shell.
show_line() {
    printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
    sh -c "$1" 2>&1 || printf '%s(exit status %d)%s\n' "$dim" "$?" "$plain"
}

part 'Build' "Packages, then meson and ninja into $build (a minute or less)."
"$source/tests/install-packages.sh" build
[ -d "$build/meson-private" ] || meson setup "$build" "$source" -Dtests=disabled >/dev/null
ninja -C "$build" | tail -n 1
for example in upgrade_server load_client; do
    cc -std=c11 -O2 -I"$source/include" "$source/examples/c/$example.c" \
        -o "$build/$example" -L"$build/lib" -lcfkit -Wl,-rpath,"$build/lib"
done
PATH=$build/cli:$build:$PATH
export PATH

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; cd /; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
cd "$work"

part 'delta' \
    'A new version of a file as a patch against the old one: here two versions of the' \
    "GNU Library GPL. What browsers call a dictionary-compressed response (RFC 9842)."
licences=/usr/share/common-licenses
if [ -r "$licences/LGPL-2" ] && [ -r "$licences/LGPL-2.1" ]; then
    cp -L "$licences/LGPL-2" old
    cp -L "$licences/LGPL-2.1" new
else
    git -C "$source" show HEAD:README.md >old 2>/dev/null || cp "$source/README.md" old
    sed 's/library/LIBRARY/; 20,30d' old >new
fi
show cfdelta encode old new -o patch
printf '\n%s bytes alone, %s after gzip -9, %s as a patch:\n' \
    "$(wc -c <new)" "$(gzip -9 -c new | wc -c)" "$(stat -c %s patch)"
show cfdelta info patch
show cfdelta decode old patch -o again
show cmp new again
printf '\nThe wrong old file is named, not guessed at:\n'
show cfdelta decode new patch -o other

part 'bundle' \
    'An intermediate that two roots have signed, an expired twin of it, and a leaf:' \
    'all chains are found, the best is printed, and what is rejected says why.'
sh "$source/tests/cli/make_pki.sh" pki >/dev/null 2>&1
printf '\n%s\n' "$(cd pki && echo *.pem)"
show_line 'cfbundle --roots pki/roots.pem --intermediates pki/intermediates.pem pki/leaf.pem >bundle.pem; grep -c BEGIN bundle.pem'
printf '\nAll of them, and what was rejected:\n'
show cfbundle -v --all --roots pki/roots.pem --intermediates pki/intermediates.pem -o all.pem pki/leaf.pem
printf '\nA certificate that has run out, one of a CA that nobody knows, one for another host:\n'
show cfbundle --roots pki/roots.pem --intermediates pki/intermediates.pem pki/expired.pem
show cfbundle --roots pki/roots.pem --intermediates pki/intermediates.pem pki/other.pem
show cfbundle --roots pki/roots.pem --intermediates pki/intermediates.pem --host www.example.org pki/leaf.pem

part 'split' \
    'A secret for three people. Any two can open it; one alone learns nothing.'
printf 'the root key: %s\n' "$(openssl rand -hex 16)" >secret
show cfsplit -k 2 -n 3 --holder alice --holder bob --holder carol -o shares secret
show ls shares
show head -n 8 shares/alice.secret.cfs
printf '\nAlice and carol are enough:\n'
show cfjoin shares/alice* shares/carol*
printf '\nBob alone is not:\n'
show cfjoin shares/bob*
printf '\nA share with a typing mistake is named, and the row that has it:\n'
sed '6s/..\(....\)$/zz\1/; 6s/^\( *....\) ./\1 z/' shares/bob* >typed.cfs
show cfjoin shares/alice* typed.cfs

part 'structures' \
    'Heavy hitters of a log in constant memory, whatever its size.'
log=/var/log/dpkg.log
if [ ! -s "$log" ]; then
    log=$work/access.log
    awk 'BEGIN { srand(7); for (i = 0; i < 20000; i++)
        print "2026-11-20 08:" int(i / 333) % 60, int(1 / (rand() + .001)), "page" int(1 / (rand() + .002)) }' >"$log"
fi
printf '\n%s has %s lines. What happens most in it, and to which package?\n' "$log" "$(wc -l <"$log")"
show cftop -n 4 -f 3 "$log"
show_line "awk '\$3 == \"status\" { print \$5 }' $log | cftop -n 4"
printf '\nHow often would a cache have had what field 4 asks for? Exact for each capacity, in one pass:\n'
show cfcache -c 10,50,50% -k 4 "$log"
printf '\nSmooth a series: 20 values near 10, then 20 near 50, with a half-life of 4 seconds:\n'
# shellcheck disable=SC2016 # for the shell inside
show_line 'seq 1 40 | awk "{ print (\$1 > 20) * 40 + 10 + \$1 % 3 }" | cfewma -H 4s --every 8'
printf '\nAt most 3 lines of each kind at once, then one a minute:\n'
show_line "head -n 2000 $log | cflimit -r 1/m -b 3 -f 3 | head -n 9"

part 'upgrade' \
    'A server under cfupgrade is replaced three times while a client opens new' \
    'connections all the time. The client counts the requests that fail.'
cfupgrade --listen web=unix:web.sock --probation 0.3s -- "$build/upgrade_server" 2>upgrade.log &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -S web.sock ] && break
    sleep 0.2
done
load_client ./web.sock 4 >load.log 2>&1 &
load=$!
for upgrade in 1 2 3; do
    sleep 1
    kill -HUP "$server"
    printf 'upgrade %d asked for\n' "$upgrade"
done
wait "$load" || true
kill "$server"
wait "$server" || true
server=
printf '\nWhat the holder said:\n'
cat upgrade.log
printf '\nWhat the client counted:\n'
tail -n 3 load.log

printf '\n%sThat is all of them.%s The tools are in %s/cli; "meson install -C %s" installs them,\n' \
    "$bold" "$plain" "$build" "$build"
echo 'and "man cfkit" leads into the manual. ./tests/run.sh runs the tests.'
