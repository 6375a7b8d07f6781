# One file of `environment.etc`.
{
  config,
  lib,
  name,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
in
{
  options = {
    enable = mkOption {
      type = types.bool;
      default = true;
    };
    target = mkOption {
      type = types.str;
      default = name;
    };
    text = mkOption {
      type = types.nullOr types.lines;
      default = null;
    };
    source = mkOption { type = types.path; };
  };
  config.source = lib.mkIf (config.text != null) (
    lib.mkDefault (pkgs.writeText "etc-${baseNameOf name}" config.text)
  );
}
