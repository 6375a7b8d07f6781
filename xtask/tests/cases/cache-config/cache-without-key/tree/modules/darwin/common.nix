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
    substituters = [ "https://nix-community.cachix.org" "https://numtide.cachix.org" ];
    trusted-public-keys = [
      "nix-community.cachix.org-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs="
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
