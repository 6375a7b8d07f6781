# The flake as it would be with other files: one copy of its tree, in a folder on disk, for each item.
#
# What Nix does with a flake is done by hand here, with the inputs that the flake itself is locked to: `flake.nix` of the copy is
# called with them and with itself. Everything else that a flake is told of itself (revision, times, hash) is as it is for the
# flake, so that only its files and its path differ. The folders are no store paths: nothing is copied into the store.
flake:
{
  # the folder with the copies, each a folder with a number for a name
  trees,
  # the number of each item's copy
  numbers,
  # where the flake is in its tree: "", or "/folder"
  below,
  ...
}@question:
let
  flakeOf =
    index:
    let
      root = "${trees}/${toString (builtins.elemAt numbers index)}";
      outPath = root + below;
      sourceInfo = flake.sourceInfo // {
        outPath = root;
      };
      outputs = (import "${outPath}/flake.nix").outputs (flake.inputs // { inherit self; });
      self =
        outputs
        // sourceInfo
        // {
          inherit outPath outputs sourceInfo;
          inherit (flake) inputs;
          _type = "flake";
        };
    in
    self;
in
import ./evaluate.nix flakeOf (
  removeAttrs question [
    "trees"
    "numbers"
    "below"
  ]
)
