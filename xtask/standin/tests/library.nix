# Functions of `lib` for sets and lists, sampled where they are easy to get wrong.
{ lib }:
let
  is = expr: expected: { inherit expr expected; };
in
{
  equal = {
    attr-by-path = is (lib.attrByPath [ "a" "b" ] 0 { a.b = 1; }) 1;
    attr-by-path-default = is (lib.attrByPath [ "a" "b" ] 0 { a = 1; }) 0;
    set-attr-by-path = is (lib.setAttrByPath [ "a" "b" ] 1) { a.b = 1; };
    recursive-update =
      is
        (lib.recursiveUpdate {
          a = {
            b = 1;
            c = 1;
          };
        } { a.b = 2; })
        {
          a = {
            b = 2;
            c = 1;
          };
        };
    filter-attrs =
      is
        (lib.filterAttrs (n: v: n == "a" || v == 2) {
          a = 1;
          b = 2;
          c = 3;
        })
        {
          a = 1;
          b = 2;
        };
    map-attrs-prime = is (lib.mapAttrs' (n: v: lib.nameValuePair "${n}x" (v + 1)) { a = 1; }) {
      ax = 2;
    };
    concat-map-attrs =
      is
        (lib.concatMapAttrs (n: v: {
          ${n} = v;
          "${n}2" = v;
        }) { a = 1; })
        {
          a = 1;
          a2 = 1;
        };
    fold-attrs =
      is
        (lib.foldAttrs (x: acc: [ x ] ++ acc)
          [ ]
          [
            { a = 1; }
            { a = 2; }
          ]
        )
        {
          a = [
            1
            2
          ];
        };
    map-attrs-recursive = is (lib.mapAttrsRecursive (path: v: lib.concatStringsSep "." path) {
      a.b = 1;
    }) { a.b = "a.b"; };
    cartesian =
      is
        (lib.cartesianProduct {
          a = [
            1
            2
          ];
          b = [ 3 ];
        })
        [
          {
            a = 1;
            b = 3;
          }
          {
            a = 2;
            b = 3;
          }
        ];
    foldr = is (lib.foldr (x: acc: [ x ] ++ acc) [ ] [ 1 2 ]) [
      1
      2
    ];
    foldl = is (lib.foldl (acc: x: "${acc}${x}") "" [
      "a"
      "b"
    ]) "ab";
    unique =
      is
        (lib.unique [
          "b"
          "a"
          "b"
        ])
        [
          "b"
          "a"
        ];
    unique-of-others =
      is
        (lib.unique [
          1
          { }
          1
          { }
        ])
        [
          1
          { }
        ];
    sublist =
      is
        (lib.sublist 1 5 [
          1
          2
          3
        ])
        [
          2
          3
        ];
    sublist-beyond = is (lib.sublist 5 2 [ 1 ]) [ ];
    take-end =
      is
        (lib.takeEnd 2 [
          1
          2
          3
        ])
        [
          2
          3
        ];
    drop-end =
      is
        (lib.dropEnd 1 [
          1
          2
          3
        ])
        [
          1
          2
        ];
    init-last =
      is
        [
          (lib.init [
            1
            2
          ])
          (lib.last [
            1
            2
          ])
        ]
        [
          [ 1 ]
          2
        ];
    range = is (lib.range 2 4) [
      2
      3
      4
    ];
    flatten =
      is
        (lib.flatten [
          1
          [
            2
            [ 3 ]
          ]
        ])
        [
          1
          2
          3
        ];
    partition =
      is
        (lib.partition (x: x > 1) [
          1
          2
        ])
        {
          right = [ 2 ];
          wrong = [ 1 ];
        };
    sort-on =
      is
        (lib.sortOn builtins.stringLength [
          "bb"
          "a"
        ])
        [
          "a"
          "bb"
        ];
    find-first = is (lib.findFirst (x: x > 1) null [
      1
      2
      3
    ]) 2;
    imap = is (lib.imap1 (i: x: "${toString i}${x}") [ "a" ]) [ "1a" ];
    replicate = is (lib.replicate 2 1) [
      1
      1
    ];
  };
}
