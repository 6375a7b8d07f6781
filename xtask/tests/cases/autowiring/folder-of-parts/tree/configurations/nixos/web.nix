{
  imports = [ ./hardware/disk.nix ];
  networking.hostName = "web";
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "25.11";
}
