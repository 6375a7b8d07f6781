# raquel, who uses blackphos.
{ inputs, pkgs, ... }:
{
  home-manager.users.raquel.nix.settings.extra-trusted-public-keys = [ "numtide.cachix.org-1:2ps1kLBUWjxIneOy1Ik6cQjb41X0iXVXeHigGmycPPE=" ];
  users.users.raquel = {
    isNormalUser = true;
    description = "Raquel";
    shell = pkgs.zsh;
  };
  home-manager.users.raquel.imports = [ inputs.self.homeModules.raquel ];
}
