# The users and settings of stibnite as a virtual machine, so that Linux can build them.
{ inputs, ... }:
{
  imports = [
    inputs.self.nixosModules.common
    inputs.self.nixosModules.crs58
    inputs.self.nixosModules.secrets
    inputs.self.nixosModules.virtual-machine
  ];

  sops.secrets.example-forge-token.sopsFile = ../../secrets/home.yaml;
  networking.hostName = "stibnite-nixos";
  nixpkgs.hostPlatform = "x86_64-linux";
}
