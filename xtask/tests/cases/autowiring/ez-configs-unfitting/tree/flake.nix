{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.ez-configs.url = "github:ehllie/ez-configs";
  inputs.home-manager.url = "github:nix-community/home-manager";

  outputs =
    inputs:
    let
      host = file: inputs.nixpkgs.lib.nixosSystem { modules = [ file ]; };
    in
    {
      nixosConfigurations.a = host ./nixos-configurations/a.nix;
      homeConfigurations."ada@a" = inputs.home-manager.lib.homeManagerConfiguration {
        pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;
        modules = [ ./home-configurations/ada.nix ];
      };
    };
}
