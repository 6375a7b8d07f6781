{ inputs, lib, ... }:
{
  imports = [ inputs.self.nixosModules.common ];

  networking.hostName = "web";
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.isContainer = true;
  environment.etc.flake.text =
    if lib.hasPrefix builtins.storeDir inputs.self.outPath then "store" else throw "not in the store";
}
