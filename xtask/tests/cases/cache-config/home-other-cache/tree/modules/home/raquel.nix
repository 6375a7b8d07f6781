# raquel.
{
  nix.settings.extra-substituters = [ "https://numtide.cachix.org" ];
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
