{
  description = "Stand-in for nixos-unified";

  # Overridden together with this flake; see ../../README.md.
  inputs.nixpkgs.url = "path:/overridden-together-with-this-flake";

  outputs = { nixpkgs, ... }: nixpkgs.standIn.nixos-unified;
}
