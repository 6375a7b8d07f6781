# Option types. A type is `{ name; description; check; merge; … }`; see `make.nix`.
{ lib }:
let
  make = import ./make.nix { inherit lib; };
  basic = import ./basic.nix { inherit lib make; };
  composite = import ./composite.nix { inherit lib make; };
  modules = import ./modules.nix { inherit lib make; };
in
basic
// composite
// modules
// {
  inherit (make) mkOptionType;
  isOptionType = lib.isType "option-type";
}
