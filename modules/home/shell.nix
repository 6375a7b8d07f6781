# The shell everybody has.
{ pkgs, ... }:
{
  programs = {
    bat.enable = true;
    direnv = {
      enable = true;
      nix-direnv.enable = true;
    };
    fzf.enable = true;
    starship.enable = true;
    zsh = {
      enable = true;
      autosuggestion.enable = true;
      syntaxHighlighting.enable = true;
    };
  };
  home.packages = [
    pkgs.fd
    pkgs.jq
    pkgs.ripgrep
  ];
}
