# What NixOS and nix-darwin declare alike.
{
  config,
  lib,
  pkgs,
  options,
  _class,
  standInClean,
  ...
}:
let
  inherit (lib) mkOption mkEnableOption types;
  list =
    type:
    mkOption {
      type = types.listOf type;
      default = [ ];
    };
  packages = import ../../pkgs;
  toplevel = import ../../systems/toplevel.nix { inherit lib; };

  shells = [
    "bash"
    "fish"
    "nushell"
    "xonsh"
    "zsh"
  ];
  enabledEtc = builtins.filter (file: file.enable) (builtins.attrValues config.environment.etc);
  hostName = if config.networking.hostName == null then "" else config.networking.hostName;
  title = if hostName == "" then "unnamed" else hostName;
in
{
  imports = [
    ./assertions.nix
    ./nix.nix
  ];

  options = {
    nixpkgs = {
      hostPlatform = mkOption {
        type = types.either types.str types.attrs;
        apply = lib.systems.elaborate;
        description = "The platform the host runs on.";
      };
      config = mkOption {
        type = types.attrsOf types.anything;
        default = { };
      };
      overlays = list types.raw;
      pkgs = mkOption {
        type = types.raw;
        description = "A package set to use as it is.";
      };
    };

    system.build = mkOption {
      type = types.lazyAttrsOf types.unspecified;
      default = { };
    };

    environment = {
      systemPackages = list types.package;
      etc = mkOption {
        default = { };
        type = types.attrsOf (
          types.submoduleWith {
            shorthandOnlyDefinesConfig = true;
            freeForm = true;
            modules = [ ./etc-file.nix ];
            specialArgs = { inherit pkgs; };
          }
        );
      };
      variables = mkOption {
        type = types.attrsOf types.anything;
        default = { };
      };
      shells = list (types.either types.package types.path);
      shellAliases = mkOption {
        type = types.attrsOf (types.nullOr types.str);
        default = { };
      };
      pathsToLink = list types.str;
    };

    users.groups = mkOption {
      default = { };
      type = types.attrsOf (
        types.submoduleWith {
          shorthandOnlyDefinesConfig = true;
          freeForm = true;
          modules = [
            (
              { name, ... }:
              {
                options = {
                  name = mkOption {
                    type = types.str;
                    default = name;
                  };
                  gid = mkOption {
                    type = types.nullOr types.int;
                    default = null;
                  };
                  members = list types.str;
                };
              }
            )
          ];
        }
      );
    };

    programs = lib.genAttrs shells (name: {
      enable = mkEnableOption name;
    });
    time.timeZone = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
  };

  config = {
    _module.args.pkgs = lib.mkOptionDefault (
      if options.nixpkgs.pkgs.isDefined then
        config.nixpkgs.pkgs.appendOverlays config.nixpkgs.overlays
      else
        packages.instance {
          system = config.nixpkgs.hostPlatform.system;
          inherit (config.nixpkgs) overlays config hostPlatform;
        }
    );
    system.build.toplevel = toplevel {
      name = "${_class}-system-${title}-stand-in";
      title = "the ${_class} host ${title}";
      inherit config pkgs;
      clean = standInClean;
      scripts =
        if _class == "darwin" then
          [ "/activate" ]
        else if config.system.activatable or true then
          [ "/activate" ] ++ lib.optional (config.system.switch.enable or true) "/bin/switch-to-configuration"
        else
          [ ];
      dependencies = [
        (pkgs.buildEnv {
          name = "system-path";
          paths = config.environment.systemPackages;
        })
        (pkgs.linkFarm "etc" (
          map (file: {
            name = file.target;
            path = file.source;
          }) enabledEtc
        ))
      ]
      ++ lib.mapAttrsToList (_: home: home.home.activationPackage) (config.home-manager.users or { });
    };
  };
}
