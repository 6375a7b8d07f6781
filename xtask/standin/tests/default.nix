# Tests of the stand-in, one file per subject. All cases that must be equal, by hand (the result must be `{ }`):
#   nix eval --json --file xtask/standin/tests failed
# Cases that must throw are evaluated one by one, because Nix cannot read an error's message. Each must fail, and the error must
# contain the text (no pattern) of `message`, a line of it per line:
#   nix eval --json --file xtask/standin/tests throws.conflict-names-both-files.expr
# Pure evaluation needs no more than `--store dummy://`.
let
  lib = import ../lib;
  subjects = map (file: import file { inherit lib; }) [
    ./arguments.nix
    ./assertions.nix
    ./conflicts.nix
    ./free-form.nix
    ./hosts.nix
    ./imports.nix
    ./library.nix
    ./packages.nix
    ./properties.nix
    ./renames.nix
    ./submodules.nix
    ./types.nix
  ];
  # Two subjects must not use the same name for a case: one of them would silently not run.
  merge = kind: lib.foldl' lib.unionOfDisjoint { } (map (subject: subject.${kind} or { }) subjects);
in
rec {
  equal = merge "equal";
  throws = merge "throws";
  failed = lib.filterAttrs (_: case: case.expr != case.expected) equal;
}
