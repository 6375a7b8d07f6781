# What CI activates to try the shared home modules as on blackphos.
{ inputs, ... }:
{
  imports = [ inputs.self.homeModules.runner ];

  home.sessionVariables.FLEET_HOST = "blackphos";
}
