# `homeManagerConfiguration`.
{ lib, baseModules }:
let
  finish =
    evaluation:
    evaluation
    // {
      inherit (evaluation._module.args) pkgs;
      inherit (evaluation.config.home) activationPackage;
      newsDisplay = "silent";
      extendModules = more: finish (evaluation.extendModules more);
    };
in
{
  pkgs,
  modules ? [ ],
  extraSpecialArgs ? { },
  check ? true,
  ...
}:
finish (
  lib.evalModules {
    class = "homeManager";
    freeForm = true;
    inherit check;
    specialArgs = {
      lib = import ../lib/home-manager.nix { inherit (pkgs) lib; };
      modulesPath = "${toString ../.}/home-manager/modules";
      osConfig = null;
    }
    // extraSpecialArgs;
    modules = baseModules ++ modules ++ [
      {
        _file = "the `pkgs` argument";
        standIn.pkgs = pkgs;
      }
    ];
  }
)
