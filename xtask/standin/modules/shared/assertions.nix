# Assertions and warnings, as in all three module systems; and defaults for what is read but never set.
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  # Free-form configuration has no defaults. Paths that the repository reads get the ones that can be told from their names.
  families = [
    "boot"
    "documentation"
    "fonts"
    "gtk"
    "hardware"
    "networking"
    "nix"
    "powerManagement"
    "programs"
    "qt"
    "security"
    "services"
    "system"
    "virtualisation"
    "wayland"
    "xdg"
  ];
  reads = builtins.filter (path: builtins.elem (builtins.head path) families) (
    map (lib.splitString ".") (lib.importJSON ../../generated/reads.json)
  );
  defaultOf =
    path:
    if lib.last path == "enable" then
      false
    else
      pkgs.mkStandInPackage { name = lib.last (lib.init path); };
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
  # Weaker than any default, in case the option is declared after all.
  config = lib.mkMerge (
    map (path: lib.setAttrByPath path (lib.mkOverride 1600 (defaultOf path))) reads
  );
}
