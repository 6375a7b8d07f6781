# The nix-darwin options that configurations commonly read or rely on the type of. All others are free-form.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkEnableOption mkOption types;
  optionalText = mkOption {
    type = types.nullOr types.str;
    default = null;
  };
in
{
  imports = [ ../shared/host.nix ];

  options = {
    networking = {
      hostName = optionalText;
      computerName = mkOption {
        type = types.nullOr types.str;
        default = config.networking.hostName;
      };
      localHostName = mkOption {
        type = types.nullOr types.str;
        default = config.networking.hostName;
      };
    };
    users = {
      users = mkOption {
        default = { };
        type = types.attrsOf (
          types.submoduleWith {
            shorthandOnlyDefinesConfig = true;
            freeForm = true;
            modules = [
              (import ../shared/user.nix {
                defaultHome = _: _: null;
                defaultShell = null;
              })
            ];
          }
        );
      };
      knownUsers = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      knownGroups = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
    };
    system = {
      primaryUser = optionalText;
      stateVersion = mkOption {
        type = types.ints.between 1 7;
        default = 6;
      };
      configurationRevision = optionalText;
      defaults = mkOption {
        type = types.submoduleWith {
          shorthandOnlyDefinesConfig = true;
          freeForm = true;
          modules = [ ];
        };
        default = { };
      };
      activationScripts = mkOption {
        type = types.attrsOf types.anything;
        default = { };
      };
    };
    homebrew = {
      enable = mkEnableOption "homebrew";
    }
    // lib.genAttrs [ "brews" "casks" "taps" ] (
      _:
      mkOption {
        type = types.listOf types.anything;
        default = [ ];
      }
    );
    services.openssh.enable = mkOption {
      type = types.nullOr types.bool;
      default = null;
    };
  };
}
