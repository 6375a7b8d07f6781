{
  description = "Stand-in for nix-darwin";

  # Overridden together with this flake; see ../../README.md.
  inputs.nixpkgs.url = "path:/overridden-together-with-this-flake";

  outputs = { nixpkgs, ... }: nixpkgs.standIn.nix-darwin;
}
