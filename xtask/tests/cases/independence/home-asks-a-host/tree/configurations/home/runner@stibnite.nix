{ inputs, ... }:
{
  imports = [ inputs.self.homeModules.runner ];

  home.sessionVariables.FLEET_HOST = inputs.self.darwinConfigurations.stibnite.config.networking.hostName;
}
