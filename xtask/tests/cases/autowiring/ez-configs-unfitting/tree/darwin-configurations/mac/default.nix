{
  networking.hostName = "mac";
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.isContainer = true;
  system.stateVersion = "25.11";
}
