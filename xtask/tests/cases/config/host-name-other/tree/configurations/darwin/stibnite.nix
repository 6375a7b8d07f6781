# The Mac of crs58.
{ inputs, ... }:
{
  imports = [
    inputs.self.darwinModules.common
    inputs.self.darwinModules.crs58
    inputs.self.darwinModules.desktop
    inputs.self.darwinModules.secrets
  ];

  networking.hostName = "stibnit";
  nixpkgs.hostPlatform = "aarch64-darwin";
}
