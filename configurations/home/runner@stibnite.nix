# What CI activates to try the shared home modules as on stibnite.
{ inputs, ... }:
{
  imports = [ inputs.self.homeModules.runner ];

  home.sessionVariables.FLEET_HOST = "stibnite";
}
