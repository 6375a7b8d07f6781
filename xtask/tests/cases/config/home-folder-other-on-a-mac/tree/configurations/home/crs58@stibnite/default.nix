# crs58 on stibnite without nix-darwin.
{ inputs, ... }:
{
  imports = [ inputs.self.homeModules.crs58 ];

  programs.home-manager.enable = true;
  home = {
    username = "crs58";
    homeDirectory = "/home/crs58";
  };
}
