# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Form: scripts, spacing, licence lines, sizes.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

cd "$CF_SOURCE" || exit 2
find . -path './build*' -prune -o -path ./.git -prune -o -type f -print | sed 's,^\./,,' |
    sort >"$work/files"
grep '\.[ch]$' "$work/files" >"$work/c"
grep '\.sh$' "$work/files" >"$work/scripts"

command=lint
while read -r file; do
    check "$file: shellcheck" shellcheck -x -e SC1091,SC2317 "$file"
done <"$work/scripts"
clang-format --version >"$work/version" 2>&1
case "$(cat "$work/version")" in
*'version 14.'*)
    while read -r file; do
        clang-format "$file" >"$work/formatted"
        check "$file: clang-format" cmp -s "$work/formatted" "$file"
    done <"$work/c"
    ;;
*) skip 'clang-format is not version 14' ;;
esac
grep '\.\([ch]\|sh\|py\|map\|[1-9]\)$\|meson' "$work/files" | grep -v '^tests/fuzz/seeds/\|\.map$' >"$work/licensed"
while read -r file; do
    check "$file: SPDX line" grep -q 'SPDX-License-Identifier: MIT' "$file"
done <"$work/licensed"
while read -r file; do
    lines=$(wc -l <"$file")
    check "$file: $lines lines" test "$lines" -le 600
done <"$work/c"
finish
