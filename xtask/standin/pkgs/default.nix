# The package set. `instance` makes one; those without overlays and configuration are shared per system, so that a hundred hosts
# cost little more than one.
let
  lib = import ../lib;
  stubs = import ./stubs.nix { inherit lib; };

  make =
    {
      system,
      overlays ? [ ],
      config ? { },
      hostPlatform ? lib.systems.elaborate system,
    }:
    let
      base =
        final:
        stubs.${system}.members
        // import ./builders.nix {
          inherit lib system;
          inherit (stubs.${system}) package file;
        }
        // import ./languages.nix { inherit lib final; }
        // import ./formats.nix { inherit lib final; }
        // import ./fetchers.nix { inherit lib final; }
        // {
          inherit
            lib
            system
            overlays
            config
            hostPlatform
            ;
          stdenv = import ./stdenv.nix {
            inherit lib hostPlatform;
            inherit (final) mkStandInPackage;
            compiler = final.gcc;
          };
          stdenvNoCC = final.stdenv;
          clangStdenv = final.stdenv;
          buildPlatform = hostPlatform;
          targetPlatform = hostPlatform;
          path = ../.;
          callPackage = lib.callPackageWith final;
          callPackages = lib.callPackagesWith final;
          newScope = scope: lib.callPackageWith (final // scope);
          makeScopeWithSplicing' = lib.makeScopeWithSplicing';
          pkgs = final;
          buildPackages = final;
          targetPackages = final;
          pkgsStatic = final;
          pkgsMusl = final;
          pkgsi686Linux = final;
          pkgsBuildBuild = final;
          pkgsCross = lib.genAttrs (builtins.attrNames lib.systems.examples) (_: final);
          extend = overlay: instance { inherit system config hostPlatform; overlays = overlays ++ [ overlay ]; };
          appendOverlays = more: instance { inherit system config hostPlatform; overlays = overlays ++ more; };
          _type = "pkgs";
        };
    in
    lib.fix (lib.extends (lib.composeManyExtensions overlays) base);

  shared = lib.genAttrs lib.systems.flakeExposed (system: make { inherit system; });

  instance =
    {
      system ? localSystem.system or (throw "the stand-in nixpkgs needs a `system`"),
      localSystem ? { },
      crossSystem ? null,
      overlays ? [ ],
      config ? { },
      hostPlatform ? lib.systems.elaborate (if crossSystem == null then system else crossSystem),
      ...
    }:
    let
      name = if builtins.isString system then system else (lib.systems.elaborate system).system;
      host = lib.systems.elaborate hostPlatform;
      isPlain = overlays == [ ] && config == { } && host.system == name;
    in
    if isPlain then
      shared.${name} or (throw "the stand-in nixpkgs does not know the system `${name}`")
    else
      make {
        inherit (host) system;
        inherit overlays config;
        hostPlatform = host;
      };
in
{
  inherit lib shared instance;
}
