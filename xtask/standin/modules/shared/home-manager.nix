# home-manager as a module of a host: every user's modules are evaluated, and their assertions and warnings are the host's.
{
  config,
  lib,
  pkgs,
  _class,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.home-manager;
  flag = mkOption {
    type = types.bool;
    default = false;
  };
  homeOf =
    name:
    let
      users = config.users.users;
      home = users.${name}.home or null;
    in
    if home != null then
      home
    else if _class == "darwin" then
      "/Users/${name}"
    else
      "/home/${name}";
  fromUsers = f: lib.concatLists (lib.mapAttrsToList f cfg.users);
in
{
  options.home-manager = {
    users = mkOption {
      default = { };
      type = types.attrsOf (
        types.submoduleWith {
          description = "home-manager module";
          class = "homeManager";
          freeForm = true;
          specialArgs = {
            lib = import ../../lib/home-manager.nix { inherit lib; };
            modulesPath = "${toString ../..}/home-manager/modules";
            osConfig = config;
            ${if _class == "nixos" then "nixosConfig" else "darwinConfig"} = config;
          }
          // cfg.extraSpecialArgs;
          modules = [
            ../home
            (
              { name, ... }:
              {
                _file = "home-manager's defaults for users of this host";
                standIn.pkgs = pkgs;
                home.username = lib.mkDefault (config.users.users.${name}.name or name);
                home.homeDirectory = lib.mkDefault (homeOf name);
              }
            )
          ]
          ++ cfg.sharedModules;
        }
      );
    };
    useGlobalPkgs = flag;
    useUserPackages = flag;
    verbose = flag;
    backupFileExtension = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    extraSpecialArgs = mkOption {
      type = types.attrs;
      default = { };
    };
    sharedModules = mkOption {
      type = types.listOf types.raw;
      default = [ ];
    };
  };

  config = {
    assertions = fromUsers (
      user: home:
      map (a: {
        inherit (a) assertion;
        message = "${user} profile: ${a.message}";
      }) home.assertions
    );
    warnings = fromUsers (user: home: map (warning: "${user} profile: ${warning}") home.warnings);
  };
}
