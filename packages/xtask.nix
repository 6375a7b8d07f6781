# The automation of this repository as a package: `nix run .# -- ci`.
{
  lib,
  makeWrapper,
  rustPlatform,
}:
rustPlatform.buildRustPackage {
  pname = "xtask";
  version = "0.1.0";
  # Without the tests: in their fixtures are faults, such as keys that open nothing and may not be pushed all the same.
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../Cargo.lock
      ../Cargo.toml
      ../xtask/Cargo.toml
      ../xtask/benches
      ../xtask/binary-cache/Cargo.toml
      ../xtask/binary-cache/benches
      ../xtask/binary-cache/src
      ../xtask/build.rs
      ../xtask/cache-protocol
      ../xtask/secret-patterns
      ../xtask/src
      ../xtask/standin
    ];
  };
  cargoLock.lockFile = ../Cargo.lock;
  cargoBuildFlags = [
    "--package=xtask"
    "--package=binary-cache"
  ];
  nativeBuildInputs = [ makeWrapper ];
  postInstall = ''
    wrapProgram $out/bin/xtask --set-default XTASK_BINARY_CACHE $out/bin/binary-cache
  '';
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
