{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.blueprint.url = "github:numtide/blueprint";
  inputs.home-manager.url = "github:nix-community/home-manager";

  outputs =
    inputs:
    let
      host = file: inputs.nixpkgs.lib.nixosSystem { modules = [ file ]; };
    in
    {
      nixosConfigurations.a = host ./nix/hosts/a/configuration.nix;
      nixosModules.common = ./nix/modules/nixos/common.nix;
      legacyPackages.x86_64-linux.homeConfigurations."ada@a" = inputs.home-manager.lib.homeManagerConfiguration {
        pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;
        modules = [ ./nix/hosts/a/users/ada.nix ];
      };
    };
}
