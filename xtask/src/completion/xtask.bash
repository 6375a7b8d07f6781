# Completion of `cargo xtask` in Bash, as `cargo xtask completions bash` prints it. `cargo` itself is completed as before.

# Folders of checkouts, each followed by the program that was built of it and is asked there.
_xtask_checkouts+=(@ROOT@ @PROGRAM@)

# Sets `_xtask` to the program of the innermost checkout around the current folder.
_xtask_find() {
    local index root best=
    _xtask=
    for ((index = 0; index < ${#_xtask_checkouts[@]}; index += 2)); do
        root=${_xtask_checkouts[index]}
        if [[ $PWD/ == "$root"/* && ${#root} -ge ${#best} && -x ${_xtask_checkouts[index + 1]} ]]; then
            best=$root
            _xtask=${_xtask_checkouts[index + 1]}
        fi
    done
    [[ -n $_xtask ]]
}

# Remembers who completes `cargo` otherwise, and comes before it.
_xtask_before_cargo() {
    local rule
    rule=$(complete -p cargo 2>/dev/null)
    if [[ $rule =~ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _xtask_cargo ]]; then
        _xtask_other=${BASH_REMATCH[1]}
    fi
    complete -o bashdefault -o default -F _xtask_cargo cargo
}

_xtask_cargo() {
    local line=${COMP_LINE:0:COMP_POINT} word help typed words
    read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    if [[ ${words[1]} == xtask && ${#words[@]} -ge 3 ]] && _xtask_find; then
        typed=${words[${#words[@]} - 1]}
        # Bash replaces only what stands behind the last of these.
        local kept=
        [[ $COMP_WORDBREAKS == *:* && $typed == *:* ]] && kept=${typed%"${typed##*:}"}
        [[ $COMP_WORDBREAKS == *=* && ${typed#"$kept"} == *=* ]] && kept=${typed%"${typed##*=}"}
        COMPREPLY=()
        while IFS=$'\t' read -r word help; do
            COMPREPLY+=("${word#"$kept"}")
        done < <("$_xtask" __complete -- "${words[@]:2}" 2>/dev/null)
        return
    fi
    if [[ -z ${_xtask_other-} && -z ${_xtask_looked-} ]]; then
        # The completion of cargo may be one that is loaded when it is first needed.
        _xtask_looked=1
        if declare -F _comp_load >/dev/null; then _comp_load cargo; elif declare -F __load_completion >/dev/null; then __load_completion cargo; fi
        _xtask_before_cargo
    fi
    [[ -n ${_xtask_other-} ]] && "$_xtask_other" "$@"
}

_xtask_before_cargo
