# raquel, who uses blackphos.
{ inputs, pkgs, ... }:
{
  users.users.raquel = {
    isNormalUser = true;
    home = "/srv/raquel";
    description = "Raquel";
    shell = pkgs.zsh;
  };
  home-manager.users.raquel.imports = [ inputs.self.homeModules.raquel ];
}
