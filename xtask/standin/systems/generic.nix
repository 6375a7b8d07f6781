# An input of unknown kind: whatever the repository reads of it exists and does nothing. Modules are empty, overlays change
# nothing, packages are stubs. A few well-known tiny libraries are written out, as nothing works without their functions.
let
  inherit (import ../pkgs) lib shared;
  names = [ "default" ] ++ lib.importJSON ../generated/identifiers.json;
  named = value: lib.genAttrs names (_: value);
  modules = named { };
  packages = lib.mapAttrs (
    _: pkgs: pkgs // { default = pkgs.mkStandInPackage { name = "default"; }; }
  ) shared;

  defaultSystems = import ../inputs/generic;
  eachSystem =
    systems: f:
    lib.foldl' lib.recursiveUpdate { } (
      map (system: lib.mapAttrs (_: value: { ${system} = value; }) (f system)) systems
    );
  flakeUtils = {
    inherit defaultSystems eachSystem;
    allSystems = defaultSystems;
    eachDefaultSystem = eachSystem defaultSystems;
    eachDefaultSystemPassThrough = f: lib.foldl' lib.recursiveUpdate { } (map f defaultSystems);
    system = lib.genAttrs defaultSystems lib.id;
    mkApp =
      {
        drv,
        name ? lib.getName drv,
        exePath ? "/bin/${name}",
      }:
      {
        type = "app";
        program = "${drv}${exePath}";
      };
    flattenTree = lib.id;
  };

  # `inputs.import-tree ./modules`: a module that imports every Nix file below a folder.
  importTree = path: {
    imports = builtins.filter (
      file: lib.hasSuffix ".nix" (toString file) && !lib.hasInfix "/_" (lib.removePrefix (toString path) (toString file))
    ) (lib.filesystem.listFilesRecursive path);
  };
in
lib.genAttrs [
  "darwinModules"
  "flakeModules"
  "hmModules"
  "homeManagerModules"
  "homeModules"
  "nixosModules"
  "nixDarwinModules"
] (_: modules)
// lib.genAttrs [
  "darwinModule"
  "flakeModule"
  "homeManagerModule"
  "homeModule"
  "hmModule"
  "nixosModule"
] (_: { })
// {
  modules = lib.genAttrs [ "nixos" "darwin" "homeManager" "flake" "generic" ] (_: modules);
  overlays = named (_: _: { });
  overlay = _: _: { };
  inherit packages;
  legacyPackages = packages;
  defaultPackage = lib.mapAttrs (_: set: set.default) packages;
  checks = lib.mapAttrs (_: _: { }) shared;
  apps = lib.mapAttrs (_: set: named {
    type = "app";
    program = "${set.default}";
  }) packages;
  devShells = lib.mapAttrs (_: pkgs: named (pkgs.mkShell { })) shared;
  formatter = lib.mapAttrs (_: set: set.default) packages;
  lib = shared.x86_64-linux // flakeUtils;
  __functor = _: importTree;
}
