# raquel.
{
  imports = [
    ./git.nix
    ./shell.nix
  ];

  assertions = [
    {
      assertion = false;
      message = "raquel needs an editor";
    }
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
