# Attribute sets.
{ lib }:
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    foldl'
    head
    isAttrs
    length
    listToAttrs
    mapAttrs
    tail
    ;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    unsafeGetAttrPos
    zipAttrsWith
    ;

  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  genAttrs' = xs: f: listToAttrs (map f xs);
  optionalAttrs = condition: set: if condition then set else { };
  filterAttrs = p: set: removeAttrs set (builtins.filter (n: !p n set.${n}) (attrNames set));
  filterAttrsRecursive =
    p: set:
    mapAttrs (_: v: if isAttrs v then filterAttrsRecursive p v else v) (filterAttrs p set);
  mapAttrs' = f: set: listToAttrs (mapAttrsToList f set);
  mapAttrsToList = f: set: map (n: f n set.${n}) (attrNames set);
  mapAttrsToListRecursive = mapAttrsToListRecursiveCond (_: _: true);
  mapAttrsToListRecursiveCond =
    p: f:
    let
      go =
        path: set:
        concatMap (
          n:
          let
            here = path ++ [ n ];
            v = set.${n};
          in
          if isAttrs v && !isDerivation v && p here v then go here v else [ (f here v) ]
        ) (attrNames set);
    in
    go [ ];
  concatMapAttrs = f: set: foldl' (acc: new: acc // new) { } (mapAttrsToList f set);
  attrsToList = mapAttrsToList nameValuePair;
  collect =
    p: set:
    if p set then
      [ set ]
    else if isAttrs set then
      concatMap (collect p) (attrValues set)
    else
      [ ];
  foldlAttrs =
    f: nul: set:
    foldl' (acc: n: f acc n set.${n}) nul (attrNames set);
  foldAttrs =
    op: nul: sets:
    builtins.zipAttrsWith (_: lib.foldr op nul) sets;
  mergeAttrsList = foldl' (a: b: a // b) { };
  zipAttrs = builtins.zipAttrsWith (_: values: values);
  zipAttrsWithNames =
    names: f: sets:
    genAttrs names (n: f n (builtins.catAttrs n sets));
  cartesianProduct =
    set:
    foldl' (
      acc: n: concatMap (partial: map (value: partial // { ${n} = value; }) set.${n}) acc
    ) [ { } ] (attrNames set);
  mapCartesianProduct = f: set: map f (cartesianProduct set);
  getAttrs = names: set: genAttrs names (n: set.${n});
  attrVals = names: set: map (n: set.${n}) names;
  renameCrossIndexFrom = lib.id;

  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if isAttrs set && set ? ${head path} then
      attrByPath (tail path) default set.${head path}
    else
      default;
  getAttrFromPath =
    path: attrByPath path (throw "cannot find attribute `${lib.concatStringsSep "." path}'");
  hasAttrByPath =
    path: set:
    path == [ ] || (isAttrs set && set ? ${head path} && hasAttrByPath (tail path) set.${head path});
  longestValidPathPrefix =
    path: set:
    if path == [ ] || !(isAttrs set && set ? ${head path}) then
      [ ]
    else
      [ (head path) ] ++ longestValidPathPrefix (tail path) set.${head path};
  setAttrByPath = path: value: lib.foldr (n: inner: { ${n} = inner; }) value path;
  updateManyAttrsByPath =
    updates: set:
    foldl' (
      acc: { path, update }: recursiveUpdate acc (setAttrByPath path (update (getAttrFromPath path acc)))
    ) set updates;

  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond =
    p: f:
    let
      go =
        path:
        mapAttrs (
          n: v:
          let
            here = path ++ [ n ];
          in
          if isAttrs v && p v then go here v else f here v
        );
    in
    go [ ];
  recursiveUpdate = recursiveUpdateUntil (
    _: a: b:
    !(isAttrs a && isAttrs b)
  );
  recursiveUpdateUntil =
    stop:
    let
      go =
        path: a: b:
        a
        // mapAttrs (
          n: new:
          let
            here = path ++ [ n ];
          in
          if a ? ${n} && !stop here a.${n} new then go here a.${n} new else new
        ) b;
    in
    go [ ];
  matchAttrs =
    pattern: set:
    builtins.all (
      n:
      set ? ${n}
      && (
        if isAttrs pattern.${n} then
          isAttrs set.${n} && matchAttrs pattern.${n} set.${n}
        else
          set.${n} == pattern.${n}
      )
    ) (attrNames pattern);

  isDerivation = value: value.type or null == "derivation";
  toDerivation = path: {
    type = "derivation";
    name = baseNameOf path;
    outPath = path;
    outputs = [ "out" ];
  };
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };
  overrideExisting = old: new: old // builtins.intersectAttrs old new;
  unionOfDisjoint =
    a: b:
    let
      both = attrNames (builtins.intersectAttrs a b);
    in
    if both == [ ] then a // b else throw "unionOfDisjoint: both sets have ${toString both}";

  getOutput = output: drv: drv.${output} or drv.out or drv;
  getFirstOutput = outputs: drv: getOutput (lib.findFirst (o: drv ? ${o}) "out" outputs) drv;
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getStatic = getOutput "static";
  getDev = getOutput "dev";
  getInclude = getOutput "include";
  getMan = getOutput "man";
  chooseDevOutputs = map getDev;
  showAttrPath = lib.showOption;
}
