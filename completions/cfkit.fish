# SPDX-License-Identifier: MIT
# fish completion of the libcfkit tools: options come from --help.
for tool in cfbundle cfcache cfdelta cfewma cfjoin cflimit cflock cfsplit cftop cfupgrade
    complete -c $tool -a "($tool --help 2>/dev/null | string match -ra -- '--[a-z][a-z-]*' | sort -u)" \
        -n 'string match -q -- "-*" (commandline -ct)'
end
