# Assertions and warnings, as in all three module systems; and "is not enabled" for what is read but never set.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  # Free-form configuration has no defaults. Paths whose `.enable` the repository reads get the one that matters.
  families = [
    "boot"
    "hardware"
    "networking"
    "programs"
    "security"
    "services"
    "virtualisation"
  ];
  readOnlyEnables = builtins.filter (path: builtins.elem (builtins.head path) families) (
    map (lib.splitString ".") (lib.importJSON ../../generated/enables.json)
  );
in
{
  options = {
    assertions = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
      description = "Conditions that must hold.";
    };
    warnings = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "What the user should know.";
    };
  };
  config = lib.mkMerge (
    # Weaker than any default, in case the option is declared after all.
    map (path: lib.setAttrByPath (path ++ [ "enable" ]) (lib.mkOverride 1600 false)) readOnlyEnables
  );
}
