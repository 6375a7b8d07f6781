{ inputs, ... }:
let
  inherit (inputs.self.nixosModules) by-inherit;
in
{
  imports = [
    ../../modules/nixos/by-path.nix
    ../../modules/nixos/by-module
    by-inherit
  ];
  networking.hostName = "web";
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.isContainer = true;
  system.stateVersion = "25.11";
}
