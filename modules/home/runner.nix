# The user that CI runs as.
{
  imports = [
    ./git.nix
    ./shell.nix
  ];

  programs.home-manager.enable = true;
  home = {
    username = "runner";
    homeDirectory = "/home/runner";
    stateVersion = "25.11";
  };
}
