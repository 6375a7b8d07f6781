# The Mac of crs58.
{ inputs, lib, pkgs, ... }:
{
  imports = [
    inputs.self.darwinModules.common
    inputs.self.darwinModules.crs58
    inputs.self.darwinModules.desktop
    inputs.self.darwinModules.secrets
  ];

  system.build.toplevel = lib.mkForce pkgs.hello;
  networking.hostName = "stibnite";
  nixpkgs.hostPlatform = "aarch64-darwin";
}
