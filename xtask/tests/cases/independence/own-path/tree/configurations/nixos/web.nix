{ inputs, lib, ... }:
{
  imports = [ inputs.self.nixosModules.common ];

  networking.hostName = "web";
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.isContainer = true;
  environment.etc.flake.text = "${inputs.self} ${inputs.self.narHash or ""} ${toString inputs.self.lastModified}";
}
