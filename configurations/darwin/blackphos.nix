# The Mac of crs58 and raquel.
{ inputs, ... }:
{
  imports = [
    inputs.self.darwinModules.common
    inputs.self.darwinModules.crs58
    inputs.self.darwinModules.desktop
    inputs.self.darwinModules.raquel
    inputs.self.darwinModules.secrets
  ];

  networking.hostName = "blackphos";
  nixpkgs.hostPlatform = "aarch64-darwin";
}
