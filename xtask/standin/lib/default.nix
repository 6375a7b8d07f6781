# The stand-in for nixpkgs' `lib`: one extensible set, composed of one file per subject.
# Each file is a function of the finished library and returns its part of it; `lib.<subject>` is that part, and all parts
# are also merged at the top level, as users expect (`lib.mapAttrs'` and `lib.attrsets.mapAttrs'`).
let
  inherit (import ./extensible.nix) makeExtensible;
in
makeExtensible (
  lib:
  let
    subject = file: import file { inherit lib; };
    flat = {
      trivial = subject ./trivial.nix;
      fixedPoints = import ./extensible.nix;
      lists = subject ./lists.nix;
      attrsets = subject ./attrsets.nix;
      strings = subject ./strings.nix;
      asserts = subject ./asserts.nix;
      options = subject ./options.nix;
      modules = subject ./modules;
      customisation = subject ./customisation.nix;
      meta = subject ./meta.nix;
      sources = subject ./sources.nix;
      filesystem = subject ./filesystem.nix;
      derivations = subject ./derivations.nix;
    };
    nested = {
      types = subject ./types;
      generators = subject ./generators.nix;
      versions = subject ./versions.nix;
      systems = subject ./systems.nix;
      platforms = subject ./platforms.nix;
      licenses = (subject ./identifiers.nix).licenses;
      maintainers = (subject ./identifiers.nix).maintainers;
      teams = (subject ./identifiers.nix).maintainers;
      fileset = subject ./fileset.nix;
      path = subject ./path.nix;
      cli = subject ./cli.nix;
      gvariant = (subject ./identifiers.nix).gvariant;
    };
  in
  builtins.foldl' (merged: part: merged // part) { } (builtins.attrValues flat)
  // flat
  // nested
  // {
    inherit (nested.cli) toGNUCommandLine toGNUCommandLineShell;
    # Where two subjects share a name, nixpkgs exports these.
    inherit (flat.lists) replicate;
    inherit (flat.strings) hasPrefix;
  }
)
