# Fetchers: nothing is fetched. The result names what would have been.
{ lib, final }:
let
  nameOf = args: args.name or (lib.sanitizeDerivationName (args.repo or (baseNameOf (args.url or "source"))));
  fetch = args: final.mkStandInPackage {
    name = nameOf args;
    recorded = lib.generators.toPretty { } (lib.filterAttrs (_: v: builtins.isString v) args);
    passthru = lib.filterAttrs (_: builtins.isString) (builtins.intersectAttrs { url = 0; rev = 0; tag = 0; owner = 0; repo = 0; hash = 0; } args);
  };
in
lib.genAttrs [
  "fetchCrate"
  "fetchFromBitbucket"
  "fetchFromCodeberg"
  "fetchFromForgejo"
  "fetchFromGitHub"
  "fetchFromGitLab"
  "fetchFromGitea"
  "fetchFromSourcehut"
  "fetchPypi"
  "fetchgit"
  "fetchpatch"
  "fetchpatch2"
  "fetchsvn"
  "fetchurl"
  "fetchzip"
  "requireFile"
] (_: fetch)
// {
  nix-update-script = _: [ ];
  gitUpdater = _: [ ];
}
