# The users and settings of blackphos as a virtual machine, so that Linux can build them.
{ inputs, ... }:
{
  imports = [
    inputs.self.nixosModules.common
    inputs.self.nixosModules.crs58
    inputs.self.nixosModules.raquel
    inputs.self.nixosModules.runner
    inputs.self.nixosModules.secrets
    inputs.self.nixosModules.virtual-machine
  ];

  networking.hostName = "blackphos-nixos";
  nixpkgs.hostPlatform = "x86_64-linux";
}
