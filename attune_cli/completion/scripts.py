"""The scripts that make a shell ask `attune` for words, one a shell; none of them evaluates what it is answered.

Printed by `attune completion` and for `_ATTUNE_COMPLETE=source_<shell>`; what they ask is answered by `answering`: a line for each word,
with a tab and what it is behind it, or the one line `:files` where the shell itself knows what to offer.
"""

from collections.abc import Mapping

BASH = r"""
_attune_completion() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ "$line" = :files ]; then
            compopt -o default
            return
        fi
        COMPREPLY+=("${line%%$'\t'*}")
    done < <(_ATTUNE_COMPLETE=bash "$1" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
}
complete -o nosort -F _attune_completion attune
"""

ZSH = r"""
#compdef attune
_attune() {
    local line
    local -a offered
    for line in "${(@f)$(_ATTUNE_COMPLETE=zsh "${(Q)words[1]}" "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}"; do
        if [[ $line == :files ]]; then
            _files
            return
        fi
        [[ -n $line ]] && offered+=("${${line%%$'\t'*}//:/\\:}${${(M)line%%$'\t'*}:+:${line#*$'\t'}}")
    done
    _describe -V attune offered
}
if [ "$funcstack[1]" = _attune ]; then
    _attune "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _attune attune
fi
"""

FISH = r"""
function __attune_completion
    set -l typed (commandline -opc)
    set -l word (commandline -ct)
    set -l offered (env _ATTUNE_COMPLETE=fish $typed "$word" 2>/dev/null </dev/null)
    if test "$offered[1]" = :files
        __fish_complete_path "$word"
    else
        printf '%s\n' $offered
    end
end
complete --command attune --no-files --keep-order --arguments '(__attune_completion)'
"""

#: Shell -> its script.
SCRIPTS: Mapping[str, str] = {"bash": BASH.lstrip(), "zsh": ZSH.lstrip(), "fish": FISH.lstrip()}
