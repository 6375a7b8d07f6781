# flake-parts: `lib.mkFlake`, its options for outputs, and `perSystem`.
{ lib }:
let
  inherit (lib) mkOption types;

  lazySet =
    type:
    mkOption {
      type = types.lazyAttrsOf type;
      default = { };
    };
  app = types.submodule {
    options = {
      type = mkOption {
        type = types.enum [ "app" ];
        default = "app";
      };
      program = mkOption {
        type = types.coercedTo types.package lib.getExe types.str;
      };
      meta = lazySet types.raw;
    };
  };
  # Outputs that exist once per system: the option of each in `perSystem`.
  transposed = {
    packages = lazySet types.package;
    checks = lazySet types.package;
    devShells = lazySet types.package;
    apps = lazySet app;
    legacyPackages = lazySet types.raw;
  };
  perSystemOptions = transposed // {
    formatter = mkOption {
      type = types.nullOr types.package;
      default = null;
    };
    overlayAttrs = lazySet types.raw;
  };

  # `inputs'` and `self'`: what an input has for one system.
  forSystem =
    system: flake:
    lib.mapAttrs (_: output: output.${system} or { }) (
      builtins.intersectAttrs (
        transposed
        // {
          formatter = null;
          overlays = null;
        }
      ) flake
    );

  coreModule =
    {
      config,
      inputs,
      self,
      ...
    }:
    let
      perSystemModule =
        { system, ... }:
        {
          options = perSystemOptions;
          config._module.args = {
            pkgs = lib.mkOptionDefault (
              (inputs.nixpkgs or (throw "flake-parts: there is no input `nixpkgs` to take `pkgs` from")).legacyPackages.${system}
            );
            inputs' = lib.mapAttrs (_: forSystem system) inputs;
            self' = forSystem system self;
          };
        };
      evaluated = lib.genAttrs config.systems (
        system:
        lib.evalModules {
          class = "perSystem";
          freeForm = true;
          prefix = [
            "perSystem"
            system
          ];
          specialArgs = { inherit system; };
          modules = [
            perSystemModule
            config.perSystem
          ];
        }
      );
      perSystem = lib.mapAttrs (_: evaluation: evaluation.config) evaluated;
      getSystem = system: perSystem.${system};
      withSystem =
        system: f:
        f (
          evaluated.${system}._module.args
          // {
            inherit system;
            config = perSystem.${system};
          }
        );
    in
    {
      _file = "flake-parts";
      options = {
        systems = mkOption { type = types.listOf types.str; };
        debug = mkOption {
          type = types.bool;
          default = false;
        };
        perSystem = mkOption {
          type = types.deferredModule;
          default = { };
        };
        flake = mkOption {
          default = { };
          type = types.submoduleWith {
            modules = [
              {
                freeformType = types.lazyAttrsOf types.raw;
                options =
                  lib.genAttrs [
                    "darwinConfigurations"
                    "homeConfigurations"
                    "nixosConfigurations"
                    "overlays"
                    "templates"
                  ] (_: lazySet types.raw)
                  // lib.genAttrs [ "darwinModules" "flakeModules" "homeModules" "nixosModules" ] (
                    _: lazySet types.deferredModule
                  )
                  // lib.genAttrs (builtins.attrNames transposed ++ [ "formatter" ]) (
                    _: lazySet (types.lazyAttrsOf types.raw)
                  );
              }
            ];
          };
        };
      };
      config = {
        _module.args = {
          inherit getSystem withSystem;
          moduleWithSystem =
            f:
            { config, ... }@args:
            withSystem (args.pkgs or config._module.args.pkgs).stdenv.hostPlatform.system f args;
        };
        flake =
          lib.mapAttrs (name: _: lib.mapAttrs (_: output: output.${name}) perSystem) transposed
          // {
            formatter = lib.mapAttrs (_: output: output.formatter) (
              lib.filterAttrs (_: output: output.formatter != null) perSystem
            );
          };
      };
    };

  mkFlake =
    {
      inputs,
      self ? inputs.self,
      specialArgs ? { },
      ...
    }:
    module:
    (lib.evalModules {
      class = "flake";
      freeForm = true;
      specialArgs = {
        inherit inputs self flake-parts-lib;
      }
      // specialArgs;
      modules = [
        coreModule
        module
      ];
    }).config.flake;

  flake-parts-lib = {
    inherit mkFlake;
    inherit (lib) importApply;
    mkPerSystemOption =
      module: mkOption { type = types.deferredModuleWith { staticModules = [ module ]; }; };
    mkPerSystemType = module: types.deferredModuleWith { staticModules = [ module ]; };
    mkSubmoduleOptions = options: mkOption { type = types.submoduleWith { modules = [ { inherit options; } ]; }; };
    mkTransposedPerSystemModule =
      { name, option, ... }:
      {
        perSystem.options.${name} = option;
      };
  };

  easyOverlay =
    { config, getSystem, ... }:
    {
      flake.overlays.default =
        final: _: (getSystem final.stdenv.hostPlatform.system).overlayAttrs;
    };
in
{
  lib = flake-parts-lib;
  flakeModules = {
    inherit easyOverlay;
    flakeModules = { };
    modules = { };
    partitions = { };
  };
}
