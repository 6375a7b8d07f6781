# Completion of `cargo xtask` in Zsh, as `cargo xtask completions zsh` prints it. `cargo` itself is completed as before.

# Folders of checkouts, each followed by the program that was built of it and is asked there.
typeset -ga _xtask_checkouts
_xtask_checkouts+=(@ROOT@ @PROGRAM@)

# Sets `_xtask` to the program of the innermost checkout around the current folder.
_xtask_find() {
    local root program best=
    _xtask=
    for root program in "${_xtask_checkouts[@]}"; do
        if [[ $PWD/ == "$root"/* && ${#root} -ge ${#best} && -x $program ]]; then
            best=$root
            _xtask=$program
        fi
    done
    [[ -n $_xtask ]]
}

_xtask_cargo() {
    if [[ ${words[2]} != xtask ]] || (( CURRENT < 3 )) || ! _xtask_find; then
        ${_xtask_other:-_default} "$@"
        return
    fi
    local -a before offered
    (( CURRENT > 3 )) && before=("${(@Q)words[3,CURRENT - 1]}")
    local line
    for line in "${(@f)$("$_xtask" __complete -- "${before[@]}" "$PREFIX" 2>/dev/null)}"; do
        [[ -n $line ]] && offered+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( ${#offered} )); then
        _describe -V 'cargo xtask' offered
    else
        _files
    fi
}

if (( ! ${+functions[compdef]} )); then
    autoload -Uz compinit && compinit
fi
if [[ ${_comps[cargo]-} != _xtask_cargo ]]; then
    _xtask_other=${_comps[cargo]-}
fi
compdef _xtask_cargo cargo
