# What exists once per system: packages, the development shell, the formatter and checks.
{ self, nixpkgs, ... }:
let
  inherit (nixpkgs) lib;
  forEachSystem =
    f:
    lib.genAttrs [
      "x86_64-linux"
      "aarch64-linux"
      "aarch64-darwin"
    ] (system: f nixpkgs.legacyPackages.${system} self.packages.${system});

  nixFiles = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.fileFilter (file: file.hasExt "nix") ../.;
  };
in
{
  packages = forEachSystem (
    pkgs: packages:
    lib.packagesFromDirectoryRecursive {
      inherit (pkgs) callPackage;
      directory = ../packages;
    }
    // {
      default = packages.xtask;
    }
  );

  apps = forEachSystem (
    _: packages: rec {
      default = xtask;
      xtask = {
        type = "app";
        program = lib.getExe packages.xtask;
        meta.description = "Check, build and operate this fleet";
      };
    }
  );

  devShells = forEachSystem (
    pkgs: _: {
      default = pkgs.mkShell {
        packages = [
          pkgs.age
          pkgs.cargo
          pkgs.clippy
          pkgs.direnv
          pkgs.just
          pkgs.nixfmt
          pkgs.rustc
          pkgs.rustfmt
          pkgs.sops
          pkgs.ssh-to-age
        ];
      };
    }
  );

  formatter = forEachSystem (pkgs: _: pkgs.nixfmt-tree);

  checks = forEachSystem (
    pkgs: packages: {
      inherit (packages) xtask;
      formatting = pkgs.runCommand "formatting" { nativeBuildInputs = [ pkgs.nixfmt ]; } ''
        find ${nixFiles} -name '*.nix' -exec nixfmt --check {} +
        touch $out
      '';
    }
  );
}
