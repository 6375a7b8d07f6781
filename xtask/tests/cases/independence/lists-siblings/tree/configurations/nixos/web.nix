{ inputs, lib, ... }:
{
  imports = [ inputs.self.nixosModules.common ];

  networking.hostName = "web";
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.isContainer = true;
  environment.etc.hosts-of-fleet.text = toString (builtins.attrNames inputs.self.nixosConfigurations);
}
