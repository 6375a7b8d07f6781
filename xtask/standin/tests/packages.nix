# The package set and what builds packages.
{ lib }:
let
  inherit (import ../pkgs) instance shared;
  pkgs = shared.x86_64-linux;
  overlay = final: prev: {
    mine = final.callPackage ({ stdenv, git }: stdenv.mkDerivation { pname = "mine"; version = "1"; buildInputs = [ git ]; }) { };
    git = prev.git // { marked = true; };
  };
  extended = instance {
    system = "x86_64-linux";
    overlays = [ overlay ];
  };
in
{
  equal = {
    stub = {
      expr = pkgs.git.pname;
      expected = "git";
    };
    stub-of-stub = {
      expr = (pkgs.git.override { }).zsh.meta.mainProgram;
      expected = "zsh";
    };
    with-packages = {
      expr = (pkgs.python3.withPackages (p: [ p.git ])).name;
      expected = "python3-env";
    };
    name-and-version = {
      expr = { inherit (extended.mine) name pname version; };
      expected = { name = "mine-1"; pname = "mine"; version = "1"; };
    };
    overlay-sees-the-final-set = {
      expr = extended.mine.buildInputs == [ extended.git ] && extended.git.marked;
      expected = true;
    };
    override-attrs = {
      expr = (extended.mine.overrideAttrs (old: { version = "${old.version}.1"; })).name;
      expected = "mine-1.1";
    };
    override-attrs-with-final = {
      expr = (extended.mine.overrideAttrs (final: old: { version = "2"; pname = "m${final.version}"; })).name;
      expected = "m2-2";
    };
    final-attributes = {
      expr = (pkgs.stdenv.mkDerivation (final: { pname = "f"; version = "3"; passthru.v = final.version; })).v;
      expected = "3";
    };
    override-arguments = {
      expr = (extended.mine.override { git = { outPath = "/other"; }; }).buildInputs;
      expected = [ { outPath = "/other"; } ];
    };
    outputs = {
      expr = lib.hasSuffix "-dev" (toString (pkgs.stdenv.mkDerivation { name = "o"; outputs = [ "out" "dev" ]; }).dev.outPath);
      expected = true;
    };
    inputs-are-dependencies = {
      expr =
        builtins.hasAttr (builtins.unsafeDiscardStringContext extended.git.drvPath)
          (builtins.getContext (extended.mine.text));
      expected = true;
    };
    systems-differ = {
      expr = shared.aarch64-darwin.git.drvPath == pkgs.git.drvPath;
      expected = false;
    };
    platform-flags = {
      expr = [ shared.aarch64-darwin.stdenv.isDarwin pkgs.stdenv.hostPlatform.isAarch64 ];
      expected = [ true false ];
    };
    get-exe = {
      expr = lib.hasSuffix "/bin/git" (lib.getExe pkgs.git);
      expected = true;
    };
    format = {
      expr = ((pkgs.formats.json { }).generate "x.json" { a = 1; }).text;
      expected = "{\"a\":1}";
    };
    languages = {
      expr = map (p: p.name) [
        (pkgs.rustPlatform.buildRustPackage { pname = "r"; version = "1"; cargoLock.lockFile = /absent; })
        (pkgs.buildGoModule { pname = "g"; version = "1"; vendorHash = null; })
        (pkgs.python3Packages.buildPythonApplication { pname = "p"; version = "1"; })
        (pkgs.buildNpmPackage { pname = "n"; version = "1"; })
      ];
      expected = [ "r-1" "g-1" "p-1" "n-1" ];
    };
    fetched = {
      expr = (pkgs.fetchFromGitHub { owner = "o"; repo = "r"; rev = "v"; hash = ""; }).rev;
      expected = "v";
    };
  };

  throws = {
    missing-package-argument = {
      expr = pkgs.callPackage ({ no-such-argument }: no-such-argument) { };
      message = "Function called without required argument \"no-such-argument\"";
    };
    unknown-system = {
      expr = (instance { system = "vax-ultrix"; }).git;
      message = "does not know the system `vax-ultrix`";
    };
  };
}
