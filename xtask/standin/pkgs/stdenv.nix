# `stdenv`: the platform, and `mkDerivation` as a recorder of what a package depends on.
{
  lib,
  hostPlatform,
  mkStandInPackage,
  compiler,
}:
let
  stdenv = {
    name = "stdenv-stand-in";
    inherit (hostPlatform)
      system
      isDarwin
      isLinux
      isAarch64
      isx86_64
      is64bit
      ;
    inherit hostPlatform;
    buildPlatform = hostPlatform;
    targetPlatform = hostPlatform;
    cc = compiler;
    shell = "/bin/sh";
    mkDerivation = mkStandInPackage;
    override = _: stdenv;
    overrideAttrs = _: stdenv;
  };
in
stdenv
