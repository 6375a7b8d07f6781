{
  description = "Stand-in for flake-parts";

  # Overridden together with this flake; see ../../README.md.
  inputs.nixpkgs.url = "path:/overridden-together-with-this-flake";

  outputs = { nixpkgs, ... }: nixpkgs.standIn.flake-parts;
}
