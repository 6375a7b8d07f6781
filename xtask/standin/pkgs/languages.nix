# Builders of languages and tools: each records like `stdenv.mkDerivation`, under the names packages call them by.
{ lib, final }:
let
  build = final.stdenv.mkDerivation;
  members = prefix: names: lib.genAttrs names (name: prefix name);
  builders = members (_: build);

  python = final.mkStandInPackage { name = "python3"; } // {
    pkgs = pythonPackages;
    withPackages = f: final.buildEnv { name = "python3-env"; paths = f pythonPackages; };
    sitePackages = "lib/python3/site-packages";
    pythonVersion = "3.13";
    interpreter = "${python}/bin/python3";
  };
  pythonPackages =
    python
    // builders [ "buildPythonPackage" "buildPythonApplication" "toPythonApplication" "toPythonModule" ]
    // {
      inherit python;
      callPackage = lib.callPackageWith (final // pythonPackages);
    };
  pythons = [ "python3" "python310" "python311" "python312" "python313" "python314" ];

  # Fetches dependencies by hash: nothing to fetch, a stub of that name.
  fetcher = name: args: final.fetchurl (args // { name = args.name or name; });
in
lib.genAttrs pythons (_: python)
// lib.genAttrs (map (name: "${name}Packages") pythons) (_: pythonPackages)
// builders [
  "buildGoModule"
  "buildGo124Module"
  "buildGo125Module"
  "buildNpmPackage"
  "buildDotnetModule"
  "buildRubyGem"
  "buildFHSEnv"
  "buildFHSUserEnv"
  "mkYarnPackage"
  "mkDerivation"
]
// {
  rustPlatform = builders [ "buildRustPackage" ] // {
    importCargoLock = args: fetcher "cargo-vendor" (removeAttrs args [ "lockFile" ]);
    fetchCargoVendor = fetcher "cargo-vendor";
    rustLibSrc = final.emptyFile;
    cargoSetupHook = final.emptyFile;
  };
  makeRustPlatform = _: final.rustPlatform;
  fetchNpmDeps = fetcher "npm-deps";
  fetchYarnDeps = fetcher "yarn-deps";
  pnpm = final.mkStandInPackage { name = "pnpm"; } // {
    fetchDeps = fetcher "pnpm-deps";
  };
  haskellPackages = final.mkStandInPackage { name = "haskell-packages"; } // {
    callCabal2nix = name: src: _: build { inherit name src; };
    ghcWithPackages = _: final.mkStandInPackage { name = "ghc"; };
    developPackage = { root, name ? "package", ... }: build { inherit name; src = root; };
  };
  vimUtils = builders [ "buildVimPlugin" "buildVimPluginFrom2Nix" ];
  tmuxPlugins = final.mkStandInPackage { name = "tmux-plugins"; } // {
    mkTmuxPlugin = args: build (args // { name = args.pluginName or args.pname; });
  };
  vscode-utils = {
    extensionsFromVscodeMarketplace = map (e: build { inherit (e) name; });
    extensionFromVscodeMarketplace = e: build { inherit (e) name; };
    buildVscodeMarketplaceExtension = e: build { inherit (e.mktplcRef) name; };
  };
  dockerTools = builders [ "buildImage" "buildLayeredImage" "streamLayeredImage" "pullImage" ];
  appimageTools = builders [ "wrapType1" "wrapType2" "extract" "extractType2" ];
  testers = {
    runNixOSTest = test: build { name = "vm-test-${(if lib.isFunction test then { } else test).name or "unnamed"}"; };
    nixosTest = test: build { name = "vm-test-${test.name or "unnamed"}"; };
  };
  nixosTest = final.testers.nixosTest;
  wrapFirefox = package: _: package;
  mkShellNoCC = final.mkShell;
}
