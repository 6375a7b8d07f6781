# What every host builds: steps that all hosts share, steps of its own, and a result that depends on the value of every option.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.fleet) site;

  step =
    name: inputs:
    derivation {
      inherit name inputs;
      inherit (config.nixpkgs.hostPlatform) system;
      builder = "/bin/sh";
      args = [
        "-c"
        "echo \"$name\" $inputs > \"$out\""
      ];
    };
  steps = count: name: inputs: lib.genList (number: step "${name}-${toString number}" inputs) count;

  shared = steps config.fleet.sharedSteps "shared" [ ];
  own = steps config.fleet.ownSteps "own-${site}" shared;
  # As a host renders its configuration files: a text for each module, of which the result holds the hash.
  rendered = lib.mapAttrsToList (
    name: module: builtins.hashString "sha256" (lib.toUpper "${name} ${builtins.toJSON module}")
  ) config.fleet.modules;
in
{
  options.fleet = {
    site = mkOption { type = types.str; };
    number = mkOption { type = types.int; };
    sharedSteps = mkOption { type = types.int; };
    ownSteps = mkOption { type = types.int; };
  };

  config = {
    nixpkgs.hostPlatform = "@system@";
    networking.hostName = site;
    system.build.toplevel = lib.mkForce (step "host-${site}" (own ++ rendered));
  };
}
