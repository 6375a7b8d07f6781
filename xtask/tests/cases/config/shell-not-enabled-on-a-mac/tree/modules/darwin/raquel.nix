# raquel, who uses blackphos.
{ inputs, ... }:
{
  users.users.raquel = {
    home = "/Users/raquel";
    shell = "/run/current-system/sw/bin/fish";
  };
  home-manager.users.raquel.imports = [ inputs.self.homeModules.raquel ];
}
