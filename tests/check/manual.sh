# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The manual pages are well formed, and tell of every option of every tool.
# usage: manual.sh BUILD
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

build=$1
for page in "$CF_SOURCE"/man/*.[1-9]; do
    command=$(basename "$page")
    mandoc -T lint -W warning "$page" >complaints 2>&1
    is_empty complaints
    check "$page is installed" grep -q "'$(basename "$page")'" "$CF_SOURCE/man/meson.build"
done
for tool in "$build"/cli/cf*; do
    if [ ! -f "$tool" ] || [ ! -x "$tool" ]; then continue; fi
    name=$(basename "$tool")
    command=$name
    check "$name has a page" test -f "$CF_SOURCE/man/$name.1"
    run 0 "$tool" --help
    mandoc -T ascii "$CF_SOURCE/man/$name.1" | col -b >page 2>/dev/null ||
        mandoc -T ascii "$CF_SOURCE/man/$name.1" | sed 's/.\x08//g' >page
    # Options of --help are in the page, and those of the page in --help.
    grep -o -e '--[a-z][a-z-]*' out | sort -u >in_help
    grep -o -e '--[a-z][a-z-]*' page | sort -u >in_page
    check "$name: options in --help" test -s in_help
    check "$name: --help and the page name the same options" diff in_help in_page
    for option in --help --version --json --quiet; do
        check "$name: $option is told" grep -qx -e "$option" in_help
    done
done
for header in "$CF_SOURCE"/include/cfkit/*.h; do
    name=$(basename "$header" .h)
    case $name in cfkit | base) continue ;; esac
    check "cfk_$name(3) is there" test -f "$CF_SOURCE/man/cfk_$name.3"
done
finish
