{ inputs, lib, ... }:
{
  imports = [
    ./hardware/disk.nix
    inputs.self.nixosModules.common
  ];

  networking.hostName = "web";
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.isContainer = true;
}
