# Names every output of a flake without evaluating any: attribute names only.
#
# Each finding is one line of trace: `token` and a JSON object. Before a set is looked into, its path is announced ("begin"),
# so that a set that throws is named by the last announcement; the caller then asks again with that path in `skip`.
flake:
{
  # what tells our lines from the flake's own traces
  token,
  # the sets to look into: lists of { named = "x"; } | { any = "system" | "output" | "tree"; }
  patterns,
  # further sets of which only the names are told, such as modules and overlays; patterns too, and the last step is `any`
  named,
  # paths not to look into again, because they threw
  skip,
  # top-level attributes that hold nothing to build
  ignored,
}:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    foldl'
    genList
    head
    isAttrs
    length
    seq
    tail
    toJSON
    trace
    tryEval
    ;

  outputs = flake.outputs;

  say = finding: value: trace "${token}${toJSON finding}" value;
  inOrder = steps: foldl' (done: step: seq step done) null steps;

  # looks along one pattern from `value`, which is at `path`; a pattern without an index holds nothing to build
  look =
    index: path: value: steps:
    let
      step = head steps;
      rest = tail steps;
      below = name: look index (path ++ [ name ]) value.${name} rest;
    in
    if steps == [ ] then
      say { output = { inherit path; pattern = index; }; } null
    else if step ? named then
      if isAttrs value && value ? ${step.named} then
        announced (path ++ [ step.named ]) (look index (path ++ [ step.named ]) value.${step.named} rest)
      else
        null
    else if step.any == "tree" then
      tree index path value 8
    else if index == null && !isAttrs value then
      null
    else
      announced path (inOrder (map below (attrNames value)));

  # a tree of derivations of unknown depth (hydraJobs)
  tree =
    index: path: value: depth:
    announced path (
      if value.type or null == "derivation" then
        say { output = { inherit path; pattern = index; }; } null
      else if isAttrs value && depth > 0 then
        inOrder (map (name: tree index (path ++ [ name ]) value.${name} (depth - 1)) (attrNames value))
      else
        null
    );

  announced = path: value: if elem path skip then null else seq (say { begin = path; } null) value;

  # derivations that no pattern covers, to a small depth and only where nothing throws; a whole configuration is not looked into
  uncovered =
    path: value: depth:
    let
      attempt = tryEval (if isAttrs value then value else { });
      set = if attempt.success then attempt.value else { };
      kind = tryEval (set.type or null);
      configuration = set ? _type || set ? config || set ? options;
    in
    if kind.success && kind.value == "derivation" then
      say { uncovered = path; } null
    else if depth > 0 && !configuration && length (attrNames set) <= 200 then
      inOrder (map (name: uncovered (path ++ [ name ]) set.${name} (depth - 1)) (attrNames set))
    else
      null;

  heads = map (pattern: (head pattern).named) patterns;
  others = filter (name: !elem name (heads ++ ignored)) (attrNames outputs);
  indices = genList (index: index) (length patterns);
in
inOrder (
  [ (say { source = toString flake.sourceInfo.outPath; } null) ]
  ++ concatMap (index: [ (look index [ ] outputs (builtins.elemAt patterns index)) ]) indices
  ++ map (pattern: look null [ ] outputs pattern) named
  ++ map (name: announced [ name ] (uncovered [ name ] outputs.${name} 3)) others
)
