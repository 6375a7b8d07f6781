# crs58, who administers the hosts.
{ inputs, pkgs, ... }:
{
  users.users.crs58 = {
    isNormalUser = true;
    description = "crs58";
    extraGroups = [ "wheel" ];
    shell = pkgs.zsh;
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLEONLYEXAMPLEONLYEXAMPLEONLYEXAMPLEON crs58@example"
    ];
  };
  home-manager.users.crs58.imports = [ inputs.self.homeModules.crs58 ];
}
