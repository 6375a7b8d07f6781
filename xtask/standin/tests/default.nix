# Tests of the stand-in, one file per subject. All cases that must be equal, by hand (the result must be `{ }`):
#   nix eval --json --file xtask/standin/tests failed
# Cases that must throw are evaluated one by one, because Nix cannot read an error's message. Each must fail, and the error must
# contain the text (no pattern) of `message`, a line of it per line:
#   nix eval --json --file xtask/standin/tests throws.conflict-names-both-files.expr
let
  lib = import ../lib;
  files = lib.filterAttrs (name: type: type == "regular" && name != "default.nix") (
    builtins.readDir ./.
  );
  subjects = lib.mapAttrs' (file: _: {
    name = lib.removeSuffix ".nix" file;
    value = import (./. + "/${file}") { inherit lib; };
  }) files;
  # Two subjects must not use the same name for a case: one of them would silently not run.
  merge =
    kind:
    lib.foldl' lib.unionOfDisjoint { } (
      map (subject: subject.${kind} or { }) (builtins.attrValues subjects)
    );
in
rec {
  equal = merge "equal";
  throws = merge "throws";
  failed = lib.filterAttrs (_: case: case.expr != case.expected) equal;
  # The names of the cases, for whoever must not miss any.
  names = lib.mapAttrs (
    _: subject:
    builtins.attrNames (subject.equal or { }) ++ builtins.attrNames (subject.throws or { })
  ) subjects;
}
