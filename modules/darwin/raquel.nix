# raquel, who uses blackphos.
{ inputs, ... }:
{
  users.users.raquel.home = "/Users/raquel";
  home-manager.users.raquel.imports = [ inputs.self.homeModules.raquel ];
}
