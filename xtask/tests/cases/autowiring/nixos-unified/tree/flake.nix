{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.nixos-unified.url = "github:srid/nixos-unified";

  outputs =
    inputs:
    let
      host = file: inputs.nixpkgs.lib.nixosSystem { modules = [ file ]; };
    in
    {
      nixosConfigurations.a = host ./configurations/nixos/a.nix;
      # autoWire stands for what the input would do.
      nixosModules.common = ./modules/nixos/common.nix;
    };
}
