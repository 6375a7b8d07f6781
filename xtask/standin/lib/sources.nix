# Filtered sources. The result is a store path like any other, so nothing is copied until a derivation asks.
{ lib }:
rec {
  cleanSourceFilter =
    name: _:
    let
      base = baseNameOf (toString name);
    in
    !(builtins.elem base [ ".git" ".svn" "CVS" ".hg" ] || lib.hasSuffix "~" base || lib.hasPrefix "result" base || lib.hasSuffix ".o" base);
  cleanSource = src: cleanSourceWith { filter = cleanSourceFilter; inherit src; };
  cleanSourceWith =
    {
      src,
      filter ? (_: _: true),
      name ? "source",
    }:
    builtins.path {
      path = if builtins.isString src then src else "${toString src}";
      inherit name filter;
    };
  sourceByRegex =
    src: regexes:
    let
      root = toString src;
    in
    cleanSourceWith {
      inherit src;
      filter =
        path: type:
        let
          relative = lib.removePrefix "${root}/" path;
        in
        type == "directory" || builtins.any (r: builtins.match r relative != null) regexes;
    };
  sourceFilesBySuffices =
    src: suffixes:
    cleanSourceWith {
      inherit src;
      filter = path: type: type == "directory" || builtins.any (s: lib.hasSuffix s path) suffixes;
    };
  commitIdFromGitRepo = _: "stand-in";
  pathIsInStore = path: lib.isStorePath path;
}
