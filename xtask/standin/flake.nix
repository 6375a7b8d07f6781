# The stand-in for nixpkgs, and the core of all others: they reach it as their own `nixpkgs` input. See README.md.
{
  description = "Stand-in for nixpkgs: evaluates configurations and builds stubs of them offline";

  outputs =
    { ... }:
    let
      packages = import ./pkgs;
      lib = packages.lib.extend (_: _: { inherit (import ./systems) nixosSystem; });
    in
    {
      inherit lib;
      legacyPackages = packages.shared;
      nixosModules = {
        notDetected = { };
        readOnlyPkgs = { };
      };
      standIn = import ./systems // {
        generic = import ./systems/generic.nix;
        flake-parts = import ./systems/flake-parts.nix { inherit lib; };
        nixos-unified = import ./systems/nixos-unified.nix { inherit lib; };
      };
    };
}
