# The automation of this repository as a package: `nix run .# -- ci`.
{ lib, rustPlatform }:
rustPlatform.buildRustPackage {
  pname = "xtask";
  version = "0.1.0";
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../Cargo.lock
      ../Cargo.toml
      ../xtask
    ];
  };
  cargoLock.lockFile = ../Cargo.lock;
  cargoBuildFlags = [ "--package=xtask" ];
  # Its tests run Nix, git, age and sops on private stores: CI runs them outside of a build sandbox.
  doCheck = false;
  meta = {
    description = "Check, build and operate this fleet";
    license = [
      lib.licenses.mit
      lib.licenses.asl20
    ];
    mainProgram = "xtask";
  };
}
