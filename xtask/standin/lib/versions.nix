# Version numbers.
{ lib }:
let
  part = index: version: builtins.elemAt (builtins.splitVersion version) index;
in
rec {
  splitVersion = builtins.splitVersion;
  major = part 0;
  minor = part 1;
  patch = part 2;
  majorMinor = version: lib.concatStringsSep "." (lib.take 2 (splitVersion version));
  pad =
    n: version:
    let
      numbers = lib.take n (splitVersion (builtins.head (builtins.match "([0-9.]*).*" version)));
    in
    lib.concatStringsSep "." (numbers ++ lib.replicate (n - builtins.length numbers) "0");
}
