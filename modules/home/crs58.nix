# crs58, wherever: on a Mac, on NixOS, or standalone.
{ pkgs, ... }:
{
  imports = [
    ./git.nix
    ./secrets.nix
    ./shell.nix
  ];

  programs = {
    gh.enable = true;
    git.settings.user = {
      name = "crs58";
      email = "crs58@example.com";
    };
  };
  home = {
    packages = [
      pkgs.just
      pkgs.sops
      pkgs.ssh-to-age
    ];
    sessionVariables.EDITOR = "vim";
    stateVersion = "25.11";
  };
}
