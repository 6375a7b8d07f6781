# What every Mac has.
{
  config,
  inputs,
  pkgs,
  ...
}:
{
  imports = [
    inputs.home-manager.darwinModules.home-manager
    inputs.sops-nix.darwinModules.sops
  ];

  nix.settings = {
    experimental-features = [
      "nix-command"
      "flakes"
    ];
    trusted-users = [ config.system.primaryUser ];
    substituters = [ "https://cache.iog.io" ];
    trusted-public-keys = [
      "hydra.iohk.io:f/Ea+s+dFdN+3Y/G+FDgSq+a5NEWhJGzdjvKNGv0/EQ="
    ];
  };
  nix.optimise.automatic = true;

  programs.zsh.enable = true;
  environment.systemPackages = [
    pkgs.age
    pkgs.git
  ];
  security.pam.services.sudo_local.touchIdAuth = true;

  home-manager = {
    useGlobalPkgs = true;
    useUserPackages = true;
    extraSpecialArgs = { inherit inputs; };
  };

  system = {
    primaryUser = "crs58";
    stateVersion = 6;
  };
}
