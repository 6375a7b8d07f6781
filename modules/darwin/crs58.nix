# crs58, the primary user of the Macs.
{ inputs, ... }:
{
  users.users.crs58.home = "/Users/crs58";
  home-manager.users.crs58.imports = [ inputs.self.homeModules.crs58 ];
}
