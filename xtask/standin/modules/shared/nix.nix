# Nix itself, with the caches every host starts from.
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  strings = default: mkOption { type = types.listOf types.str; inherit default; };
in
{
  options.nix = {
    enable = mkOption {
      type = types.bool;
      default = true;
    };
    package = mkOption {
      type = types.package;
      default = pkgs.nix;
    };
    extraOptions = mkOption {
      type = types.lines;
      default = "";
    };
    settings = mkOption {
      default = { };
      type = types.submoduleWith {
        shorthandOnlyDefinesConfig = true;
        freeForm = true;
        modules = [
          {
            options = {
              substituters = strings [ ];
              trusted-public-keys = strings [ ];
              trusted-substituters = strings [ ];
              trusted-users = strings [ ];
              allowed-users = strings [ "*" ];
              system-features = strings [ ];
              max-jobs = mkOption {
                type = types.either types.int (types.enum [ "auto" ]);
                default = "auto";
              };
              cores = mkOption {
                type = types.int;
                default = 0;
              };
              sandbox = mkOption {
                type = types.either types.bool (types.enum [ "relaxed" ]);
                default = pkgs.stdenv.hostPlatform.isLinux;
              };
            };
          }
        ];
      };
    };
  };
  config.nix.settings = {
    substituters = lib.mkAfter [ "https://cache.nixos.org/" ];
    trusted-users = [ "root" ];
    trusted-public-keys = [ "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=" ];
  };
}
