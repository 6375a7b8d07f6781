{
  description = "Stand-in for an input of unknown kind";

  # Overridden together with this flake; see ../../README.md.
  inputs.nixpkgs.url = "path:/overridden-together-with-this-flake";

  outputs = { nixpkgs, ... }: nixpkgs.standIn.generic;
}
