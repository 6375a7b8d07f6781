# raquel.
{
  nix.settings.substituters = [ "https://nix-community.cachix.org" ];
  nix.settings.extra-trusted-public-keys = [ "nix-community.cachix.org-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=" ];
  imports = [
    ./git.nix
    ./shell.nix
  ];

  programs.git.settings.user = {
    name = "Raquel";
    email = "raquel@example.com";
  };
  home = {
    shellAliases.ll = "ls -l";
    stateVersion = "25.11";
  };
}
