{ inputs, lib, ... }:
{
  imports = [ inputs.self.nixosModules.common ];

  networking.hostName = "web";
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.isContainer = true;
  environment.etc.orb.text = inputs.self.nixosConfigurations.orb-nixos.config.networking.hostName;
}
