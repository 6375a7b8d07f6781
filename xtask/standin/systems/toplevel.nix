# What a configuration builds to: one file that says that it is a stand-in, whose it is, and all that was configured.
{ lib }:
let
  plain = import ./plain.nix { inherit lib; };

  # Read elsewhere (what it depends on), or not data at all.
  notShown =
    clean:
    removeAttrs clean [
      "assertions"
      "home-manager"
      "lib"
      "warnings"
    ]
    // lib.optionalAttrs (clean ? nixpkgs) {
      nixpkgs = removeAttrs clean.nixpkgs [
        "overlays"
        "pkgs"
      ];
    }
    // lib.optionalAttrs (clean ? system) { system = removeAttrs clean.system [ "build" ]; };
in
{
  name,
  title,
  config,
  clean,
  pkgs,
  dependencies,
  # what a real one has, and this one only names
  scripts,
}:
let
  failed = map (a: a.message) (builtins.filter (a: !a.assertion) config.assertions);
  text = ''
    This is a stand-in for ${title}. It was made without the real inputs, to check the
    configuration offline. It cannot be activated.

    In its place a real one has:
    ${lib.concatMapStrings (script: "${script}\n") scripts}
    Depends on:
    ${lib.concatMapStrings (d: "${d}\n") dependencies}
    Configuration:
    ${builtins.toJSON (plain (notShown clean))}
  '';
  result = pkgs.writeText name text;
  warned = lib.foldr (warning: builtins.trace "warning: ${warning}") result config.warnings;
in
if failed == [ ] then
  warned
else
  throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (message: "- ${message}") failed}"
