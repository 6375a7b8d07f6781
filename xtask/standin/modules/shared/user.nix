# One user of a host. What differs between NixOS and nix-darwin are defaults.
{
  defaultHome,
  defaultShell,
}:
{
  config,
  lib,
  name,
  ...
}:
let
  inherit (lib) mkOption types;
  flag = mkOption {
    type = types.bool;
    default = false;
  };
  texts = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  optionalText = mkOption {
    type = types.nullOr types.str;
    default = null;
  };
in
{
  options = {
    name = mkOption {
      type = types.str;
      default = name;
    };
    description = mkOption {
      type = types.nullOr types.str;
      default = "";
    };
    home = mkOption {
      type = types.nullOr types.path;
      default = defaultHome name config;
    };
    shell = mkOption {
      type = types.nullOr (types.either types.package types.path);
      default = defaultShell;
    };
    uid = mkOption {
      type = types.nullOr types.int;
      default = null;
    };
    group = mkOption {
      type = types.str;
      default = "";
    };
    packages = mkOption {
      type = types.listOf types.package;
      default = [ ];
    };
    isNormalUser = flag;
    isSystemUser = flag;
    isHidden = flag;
    createHome = flag;
    extraGroups = texts;
    openssh.authorizedKeys.keys = texts;
    openssh.authorizedKeys.keyFiles = mkOption {
      type = types.listOf types.path;
      default = [ ];
    };
    hashedPassword = optionalText;
    hashedPasswordFile = optionalText;
    initialPassword = optionalText;
    initialHashedPassword = optionalText;
  };
}
