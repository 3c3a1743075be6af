# SPDX-License-Identifier: MIT
# bash completion of the libcfkit tools: options and verbs come from --help.
_cfkit() {
    local word=${COMP_WORDS[COMP_CWORD]}
    local help
    help=$("$1" --help 2>/dev/null)
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(grep -o -e '--[a-z][a-z-]*' <<<"$help")" -- "$word")
    elif [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^ *\(usage: \)\?$1 \([a-z]\+\) .*/\2/Ip" <<<"$help")" -- "$word")
    fi
}
complete -o default -F _cfkit cfbundle cfcache cfdelta cfewma cfjoin cflimit cflock cfsplit cftop cfupgrade
