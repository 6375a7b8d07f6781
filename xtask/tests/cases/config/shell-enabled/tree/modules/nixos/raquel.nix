# raquel, who uses blackphos.
{ inputs, pkgs, ... }:
{
  programs.fish.enable = true;
  users.users.raquel = {
    isNormalUser = true;
    description = "Raquel";
    shell = pkgs.fish;
  };
  home-manager.users.raquel.imports = [ inputs.self.homeModules.raquel ];
}
