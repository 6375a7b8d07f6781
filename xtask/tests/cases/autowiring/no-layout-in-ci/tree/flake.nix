{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    inputs:
    let
      host = file: inputs.nixpkgs.lib.nixosSystem { modules = [ file ]; };
    in
    {
      nixosConfigurations.a = host ./hosts/a.nix;
      nixosConfigurations.b = host ./hosts/b;
    };
}
