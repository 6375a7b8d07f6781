{ inputs, ... }:
{
  imports = [ inputs.self.homeModules.crs58 ];
  home = {
    username = "crs58";
    homeDirectory = "/home/crs58";
  };
}
