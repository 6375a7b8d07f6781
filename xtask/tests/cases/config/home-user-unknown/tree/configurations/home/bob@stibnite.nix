{ inputs, ... }:
{
  imports = [ inputs.self.homeModules.raquel ];
  home = {
    username = "bob";
    homeDirectory = "/home/bob";
  };
}
