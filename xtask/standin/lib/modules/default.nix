# The module system: the subset of nixpkgs' whose semantics a configuration repository relies on.
{ lib }:
let
  properties = import ./properties.nix { inherit lib; };
  freeForm = import ./free-form.nix { inherit lib; };
  tree = import ./tree.nix { inherit lib freeForm; };
  collect = import ./collect.nix { inherit lib; };
  evaluate = import ./evaluate.nix { inherit lib collect tree; };
  renames = import ./renames.nix { inherit lib; };
in
properties
// renames
// {
  inherit (evaluate) evalModules;
  inherit (collect) setDefaultModuleLocation importApply;
}
