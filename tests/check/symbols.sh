# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the shared library exports, what the map lists and what the headers
# declare are the same set, and each of them has its place in a manual page.
# usage: symbols.sh BUILD
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

build=$1
command='symbols'
nm -D --defined-only "$build/lib/libcfkit.so.0" |
    sed -n 's/.* T \([a-z0-9_]*\)\(@.*\)\{0,1\}$/\1/p' | sort >exported
sed -n 's/^ *\(cfk_[a-z0-9_]*\);$/\1/p' "$CF_SOURCE/lib/libcfkit.map" | sort >mapped
cat "$CF_SOURCE"/include/cfkit/*.h | tr '\n' ' ' | grep -o 'CFK_API [^;(]*[ *]cfk_[a-z0-9_]* *(' |
    sed 's/.*[ *]\(cfk_[a-z0-9_]*\) *($/\1/' | sort >declared
check 'the library exports something' test -s exported
check 'exported symbols equal the map' diff exported mapped
check 'the map equals the headers' diff mapped declared
check 'no symbol twice in the map' test -z "$(uniq -d mapped)"
while read -r symbol; do
    check "$symbol is in no page of section 3" grep -q "Fn $symbol\b\|Fo $symbol\b" "$CF_SOURCE"/man/*.3
done <declared

# Nothing else leaves the shared library, and the static one keeps to our prefixes.
nm -D --defined-only "$build/lib/libcfkit.so.0" | grep -v ' A \| T cfk_' >others
check 'no other dynamic symbols' test ! -s others
nm -g --defined-only "$build/lib/libcfkit.a" 2>/dev/null |
    sed -n 's/^[0-9a-f]* [A-Z] //p' | grep -v '^cfk_' >others
check 'no static symbols without our prefix' test ! -s others
sed 's/^/    /' others

# The library has no state of its own: nothing writable but relocated constants.
objdump -t "$build/lib/libcfkit.a" 2>/dev/null | grep ' O ' |
    grep ' \.data\| \.bss\| \.tdata\| \.tbss\| \*COM\*' | grep -v ' \.data\.rel\.ro' >state
check 'no mutable globals' test ! -s state
sed 's/^/    /' state
finish
