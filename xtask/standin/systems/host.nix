# `nixosSystem` and `darwinSystem`: evaluate the modules of a host together with the declarations that stand in for the real ones.
{
  lib,
  class,
  baseModules,
}:
let
  finish =
    evaluation:
    evaluation
    // {
      inherit lib;
      inherit (evaluation._module.args) pkgs;
      extraArgs = { };
      extendModules = more: finish (evaluation.extendModules more);
    }
    // lib.optionalAttrs (class == "darwin") {
      system = evaluation.config.system.build.toplevel;
    };
in
{
  modules ? [ ],
  specialArgs ? { },
  system ? null,
  pkgs ? null,
  inputs ? { },
  ...
}:
finish (
  lib.evalModules {
    inherit class;
    freeForm = true;
    specialArgs = {
      modulesPath = "${toString ../.}/nixos/modules";
    }
    // lib.optionalAttrs (class == "darwin") { inherit inputs; }
    // specialArgs;
    modules =
      baseModules
      ++ modules
      ++ lib.optional (system != null) {
        _file = "the `system` argument";
        nixpkgs.hostPlatform = lib.mkOptionDefault system;
      }
      ++ lib.optional (pkgs != null) {
        _file = "the `pkgs` argument";
        nixpkgs.pkgs = lib.mkDefault pkgs;
        nixpkgs.hostPlatform = lib.mkOverride 1600 pkgs.stdenv.hostPlatform.system;
      };
  }
)
