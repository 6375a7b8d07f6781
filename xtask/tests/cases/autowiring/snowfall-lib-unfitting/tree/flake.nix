{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.snowfall-lib.url = "github:snowfallorg/lib";
  inputs.home-manager.url = "github:nix-community/home-manager";

  outputs =
    inputs:
    let
      host = file: inputs.nixpkgs.lib.nixosSystem { modules = [ file ]; };
    in
    {
      nixosConfigurations.a = host ./systems/x86_64-linux/a;
      nixosModules."services/web" = ./modules/nixos/services/web;
      overlays.default = _: _: { };
      homeConfigurations."ada@a" = inputs.home-manager.lib.homeManagerConfiguration {
        pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;
        modules = [ (./homes/x86_64-linux + "/ada@a") ];
      };
    };
}
