# `import inputs.nixpkgs { system = …; overlays = …; config = …; }`.
(import ./pkgs).instance
