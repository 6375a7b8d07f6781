# raquel on the NixOS mirror of blackphos, without its system configuration.
{ inputs, lib, pkgs, ... }:
{
  imports = [ inputs.self.homeModules.raquel ];

  home.activationPackage = lib.mkForce pkgs.hello;
  programs.home-manager.enable = true;
  home = {
    username = "raquel";
    homeDirectory = "/home/raquel";
  };
}
