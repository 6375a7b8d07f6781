# Files become outputs by where they are. `X.nix` or `X/default.nix` in
#   configurations/{nixos,darwin,home}/  is the host or home `X`,
#   modules/{nixos,darwin,home}/         is the module `X` of that kind,
#   overlays/                            is the overlay `X`.
# A home is built for x86_64-linux, where CI builds it, unless its folder has a `system.nix` that names another system.
inputs@{
  self,
  nixpkgs,
  home-manager,
  nix-darwin,
  ...
}:
let
  inherit (nixpkgs) lib;

  filesOf =
    folder:
    lib.concatMapAttrs (
      entry: type:
      if type == "directory" && builtins.pathExists (folder + "/${entry}/default.nix") then
        { ${entry} = folder + "/${entry}"; }
      else if type == "regular" && lib.hasSuffix ".nix" entry then
        { ${lib.removeSuffix ".nix" entry} = folder + "/${entry}"; }
      else
        { }
    ) (builtins.readDir folder);

  specialArgs = { inherit inputs; };
  system =
    build: file:
    build {
      inherit specialArgs;
      modules = [ file ];
    };
  home =
    file:
    home-manager.lib.homeManagerConfiguration {
      pkgs = nixpkgs.legacyPackages.${homeSystem file};
      extraSpecialArgs = specialArgs;
      modules = [ file ];
    };
  homeSystem =
    file:
    let
      system = file + "/system.nix";
    in
    if builtins.pathExists system then import system else "x86_64-linux";

  homes = filesOf ../configurations/home;
  homesFor = system: lib.filterAttrs (_: file: homeSystem file == system) homes;
  modules = folder: lib.mapAttrs (_: file: { imports = [ file ]; }) (filesOf folder);
in
{
  nixosConfigurations = lib.mapAttrs (_: system lib.nixosSystem) (filesOf ../configurations/nixos) // { empty = { }; };
  darwinConfigurations = lib.mapAttrs (_: system nix-darwin.lib.darwinSystem) (
    filesOf ../configurations/darwin
  );
  homeConfigurations = lib.mapAttrs (_: home) homes;
  # Where tools that build everything for one system look for homes.
  legacyPackages = lib.genAttrs (lib.unique (map homeSystem (lib.attrValues homes))) (system: {
    homeConfigurations = builtins.intersectAttrs (homesFor system) self.homeConfigurations;
  });

  nixosModules = modules ../modules/nixos;
  darwinModules = modules ../modules/darwin;
  homeModules = modules ../modules/home;
  overlays = lib.mapAttrs (_: import) (filesOf ../overlays);
}
