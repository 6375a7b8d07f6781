# Completion of `cargo xtask` in Fish, as `cargo xtask completions fish` prints it. `cargo` itself is completed as before.

# Folders of checkouts, each followed by the program that was built of it and is asked there.
set -g __xtask_checkouts $__xtask_checkouts @ROOT@ @PROGRAM@

# Prints the program of the innermost checkout around the current folder.
function __xtask_find
    set -l best ''
    set -l found ''
    for index in (seq 1 2 (count $__xtask_checkouts))
        set -l root $__xtask_checkouts[$index]
        set -l program $__xtask_checkouts[(math $index + 1)]
        if test -x $program; and test (string length -- $root) -ge (string length -- $best); and test (string sub -l (string length -- $root/) -- $PWD/) = $root/
            set best $root
            set found $program
        end
    end
    test -n "$found"; and echo $found
end

function __xtask_is_next
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = xtask; and __xtask_find >/dev/null
end

function __xtask_answer
    set -l words (commandline -opc)
    set -e words[1..2]
    set -l program (__xtask_find)
    set -l offered ($program __complete -- $words (commandline -ct) 2>/dev/null)
    if test (count $offered) -gt 0
        printf '%s\n' $offered
    else
        __fish_complete_path (commandline -ct)
    end
end

complete -c cargo -n __xtask_is_next -k -f -a '(__xtask_answer)'
