# Lists.
{ lib }:
let
  inherit (builtins)
    elem
    elemAt
    filter
    foldl'
    genList
    head
    isList
    length
    ;
in
rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    length
    map
    partition
    sort
    tail
    ;

  singleton = x: [ x ];
  toList = x: if isList x then x else [ x ];
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: xs: if condition then xs else [ ];
  forEach = xs: f: map f xs;

  foldr =
    op: nul: xs:
    let
      n = length xs;
      go = i: if i == n then nul else op (elemAt xs i) (go (i + 1));
    in
    go 0;
  fold = foldr;
  foldl =
    op: nul: xs:
    let
      go = i: if i < 0 then nul else op (go (i - 1)) (elemAt xs i);
    in
    go (length xs - 1);

  imap0 = f: xs: genList (i: f i (elemAt xs i)) (length xs);
  imap1 = f: xs: genList (i: f (i + 1) (elemAt xs i)) (length xs);
  ifilter0 =
    p: xs:
    concatMap' (i: optional (p i (elemAt xs i)) (elemAt xs i)) (range 0 (length xs - 1));
  concatMap' = builtins.concatMap;
  concatImap0 = f: xs: builtins.concatLists (imap0 f xs);

  range = first: last: if first > last then [ ] else genList (i: first + i) (last - first + 1);
  replicate = n: x: genList (_: x) n;
  flatten = x: if isList x then builtins.concatMap flatten x else [ x ];
  remove = x: filter (y: y != x);
  count = p: xs: length (filter p xs);
  findFirst =
    p: default: xs:
    let
      index = findFirstIndex p null xs;
    in
    if index == null then default else elemAt xs index;
  findFirstIndex =
    p: default: xs:
    let
      n = length xs;
      go =
        i:
        if i == n then
          default
        else if p (elemAt xs i) then
          i
        else
          go (i + 1);
    in
    go 0;
  findSingle =
    p: none: many: xs:
    let
      found = filter p xs;
    in
    if found == [ ] then
      none
    else if length found > 1 then
      many
    else
      head found;

  last = xs: elemAt xs (length xs - 1);
  init = xs: take (length xs - 1) xs;
  take = n: sublist 0 n;
  takeEnd = n: xs: drop (max0 (length xs - n)) xs;
  drop = n: xs: sublist n (length xs) xs;
  dropEnd = n: xs: take (max0 (length xs - n)) xs;
  max0 = n: if n < 0 then 0 else n;
  sublist =
    start: count: xs:
    let
      available = max0 (length xs - start);
    in
    genList (i: elemAt xs (i + start)) (if count < available then count else available);
  reverseList =
    xs:
    let
      n = length xs;
    in
    genList (i: elemAt xs (n - i - 1)) n;
  hasPrefix = prefix: xs: take (length prefix) xs == prefix;
  commonPrefix =
    a: b:
    if a == [ ] || b == [ ] || head a != head b then
      [ ]
    else
      [ (head a) ] ++ commonPrefix (builtins.tail a) (builtins.tail b);

  # Linear for lists of strings, the common case; quadratic otherwise, as equality is all there is.
  unique =
    xs:
    if builtins.all builtins.isString xs then
      (foldl' (
        acc: x:
        if acc.seen ? ${builtins.unsafeDiscardStringContext x} then
          acc
        else
          {
            seen = acc.seen // {
              ${builtins.unsafeDiscardStringContext x} = null;
            };
            list = acc.list ++ [ x ];
          }
      ) { seen = { }; list = [ ]; } xs).list
    else
      foldl' (acc: x: if elem x acc then acc else acc ++ [ x ]) [ ] xs;
  uniqueStrings = unique;
  allUnique = xs: length (unique xs) == length xs;
  intersectLists = a: filter (x: elem x a);
  subtractLists = unwanted: filter (x: !elem x unwanted);
  mutuallyExclusive = a: b: intersectLists a b == [ ];

  zipListsWith =
    f: a: b:
    genList (i: f (elemAt a i) (elemAt b i)) (lib.min (length a) (length b));
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });
  cartesianProductOfLists =
    lists: foldl' (acc: xs: builtins.concatMap (a: map (x: a ++ [ x ]) xs) acc) [ [ ] ] lists;
  crossLists = f: lists: map (foldl' lib.id f) (cartesianProductOfLists lists);
  sortOn = f: xs: map (p: p.value) (builtins.sort (a: b: a.rank < b.rank) (map (value: { rank = f value; inherit value; }) xs));
  naturalSort = builtins.sort (a: b: builtins.compareVersions a b < 0);
  compareLists =
    compare: a: b:
    if a == [ ] then
      (if b == [ ] then 0 else -1)
    else if b == [ ] then
      1
    else
      let
        first = compare (head a) (head b);
      in
      if first == 0 then compareLists compare (builtins.tail a) (builtins.tail b) else first;
  groupBy' =
    op: nul: key: xs:
    builtins.mapAttrs (_: foldl' op nul) (builtins.groupBy key xs);
  toposort = before: xs: {
    result = builtins.sort before xs;
  };
}
