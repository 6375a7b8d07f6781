# Git, less the name of its user.
{
  # ghp_a1B2c3D4a1B2c3D4a1B2c3D4a1B2c3D4a1B2

  programs.git = {
    enable = true;
    ignores = [
      ".direnv"
      "result"
    ];
    settings = {
      init.defaultBranch = "main";
      pull.rebase = true;
      push.autoSetupRemote = true;
    };
  };
  programs.delta = {
    enable = true;
    enableGitIntegration = true;
  };
}
