# File sets: a set of files below any number of roots, held as a predicate `has path` plus the directories to look into.
{ lib }:
let
  below = directory: path: path == directory || lib.hasPrefix "${directory}/" path;
  fileset = has: {
    _type = "fileset";
    inherit has;
  };
  coerce =
    x: if x ? _type && x._type == "fileset" then x else fileset (path: _: below (toString x) path);
  filterSource =
    { root, set }:
    builtins.path {
      path = root;
      name = "source";
      # A directory is kept so that what lies in it can be looked at.
      filter = path: type: type == "directory" || (coerce set).has path type;
    };
in
rec {
  union = a: b: unions [ a b ];
  unions = sets: fileset (path: type: builtins.any (s: (coerce s).has path type) sets);
  intersection = a: b: fileset (path: type: (coerce a).has path type && (coerce b).has path type);
  difference = a: b: fileset (path: type: (coerce a).has path type && !(coerce b).has path type);
  maybeMissing = path: coerce path;
  empty = fileset (_: _: false);
  fileFilter =
    p: root:
    fileset (
      path: type:
      below (toString root) path
      && p {
        name = baseNameOf path;
        inherit type;
        hasExt = ext: lib.hasSuffix ".${ext}" path;
      }
    );
  fromSource = source: coerce source;
  gitTracked = root: coerce root;
  gitTrackedWith = _: root: coerce root;
  trace = set: value: builtins.seq set value;
  traceVal = set: set;
  toList =
    set: throw "lib.fileset.toList is not part of the stand-in (it was asked for ${builtins.typeOf set})";
  toSource =
    { root, fileset }:
    {
      _type = "source";
      origSrc = root;
      name = "source";
      outPath = filterSource {
        inherit root;
        set = fileset;
      };
    };
}
