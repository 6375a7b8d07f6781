# A container that runs on a Mac.
{ inputs, ... }:
{
  imports = [
    inputs.self.nixosModules.common
    inputs.self.nixosModules.crs58
  ];

  nix.enable = false;
  nix.settings.extra-substituters = [ "https://numtide.cachix.org" ];
  networking.hostName = "orb-nixos";
  nixpkgs = {
    hostPlatform = "aarch64-linux";
    overlays = [ inputs.self.overlays.default ];
  };
  boot.isContainer = true;
  # The surrounding machine decides about networking.
  networking.firewall.enable = false;
}
