# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Two builds from copies of the sources in different folders are the same to the byte.
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

for copy in one another/deeper; do
    mkdir -p "$copy"
    tar -C "$CF_SOURCE" --exclude='./build*' --exclude=./.git -cf - . | tar -C "$copy" -xf -
    run 0 meson setup "$copy/build" "$copy" -Dtests=disabled
    run 0 ninja -C "$copy/build"
done
for output in lib/libcfkit.so.0.1.0 lib/libcfkit.a; do
    command=$output
    check "$output is reproducible" cmp "one/build/$output" "another/deeper/build/$output"
done
for tool in one/build/cli/cf*; do
    if [ ! -f "$tool" ] || [ ! -x "$tool" ]; then continue; fi
    check "$tool is reproducible" cmp "$tool" "another/deeper/build/cli/$(basename "$tool")"
done
finish
