# The user that CI runs as, on the hosts that it tries homes on.
{ pkgs, ... }:
{
  users.users.runner = {
    isNormalUser = true;
    description = "CI";
    shell = pkgs.zsh;
  };
}
