# The packages of this repository, for hosts that install them.
final: _: {
  xtask = final.callPackage ../packages/xtask.nix { };
}
