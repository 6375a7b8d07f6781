# raquel on the NixOS mirror of blackphos, without its system configuration.
{ inputs, ... }:
{
  imports = [ inputs.self.homeModules.raquel ];

  programs.home-manager.enable = true;
  home = {
    username = "raquel";
    homeDirectory = "/srv/raquel";
  };
}
