# Functions of `lib`, sampled where they are easy to get wrong.
{ lib }:
let
  is = expr: expected: { inherit expr expected; };
in
{
  equal = {
    attr-by-path = is (lib.attrByPath [ "a" "b" ] 0 { a.b = 1; }) 1;
    attr-by-path-default = is (lib.attrByPath [ "a" "b" ] 0 { a = 1; }) 0;
    set-attr-by-path = is (lib.setAttrByPath [ "a" "b" ] 1) { a.b = 1; };
    recursive-update = is (lib.recursiveUpdate { a = { b = 1; c = 1; }; } { a.b = 2; }) { a = { b = 2; c = 1; }; };
    filter-attrs = is (lib.filterAttrs (n: v: n == "a" || v == 2) { a = 1; b = 2; c = 3; }) { a = 1; b = 2; };
    map-attrs-prime = is (lib.mapAttrs' (n: v: lib.nameValuePair "${n}x" (v + 1)) { a = 1; }) { ax = 2; };
    concat-map-attrs = is (lib.concatMapAttrs (n: v: { ${n} = v; "${n}2" = v; }) { a = 1; }) { a = 1; a2 = 1; };
    fold-attrs = is (lib.foldAttrs (x: acc: [ x ] ++ acc) [ ] [ { a = 1; } { a = 2; } ]) { a = [ 1 2 ]; };
    map-attrs-recursive = is (lib.mapAttrsRecursive (path: v: lib.concatStringsSep "." path) { a.b = 1; }) { a.b = "a.b"; };
    cartesian = is (lib.cartesianProduct { a = [ 1 2 ]; b = [ 3 ]; }) [ { a = 1; b = 3; } { a = 2; b = 3; } ];
    foldr = is (lib.foldr (x: acc: [ x ] ++ acc) [ ] [ 1 2 ]) [ 1 2 ];
    foldl = is (lib.foldl (acc: x: "${acc}${x}") "" [ "a" "b" ]) "ab";
    unique = is (lib.unique [ "b" "a" "b" ]) [ "b" "a" ];
    unique-of-others = is (lib.unique [ 1 { } 1 { } ]) [ 1 { } ];
    sublist = is (lib.sublist 1 5 [ 1 2 3 ]) [ 2 3 ];
    sublist-beyond = is (lib.sublist 5 2 [ 1 ]) [ ];
    take-end = is (lib.takeEnd 2 [ 1 2 3 ]) [ 2 3 ];
    drop-end = is (lib.dropEnd 1 [ 1 2 3 ]) [ 1 2 ];
    init-last = is [ (lib.init [ 1 2 ]) (lib.last [ 1 2 ]) ] [ [ 1 ] 2 ];
    range = is (lib.range 2 4) [ 2 3 4 ];
    flatten = is (lib.flatten [ 1 [ 2 [ 3 ] ] ]) [ 1 2 3 ];
    partition = is (lib.partition (x: x > 1) [ 1 2 ]) { right = [ 2 ]; wrong = [ 1 ]; };
    sort-on = is (lib.sortOn builtins.stringLength [ "bb" "a" ]) [ "a" "bb" ];
    find-first = is (lib.findFirst (x: x > 1) null [ 1 2 3 ]) 2;
    imap = is (lib.imap1 (i: x: "${toString i}${x}") [ "a" ]) [ "1a" ];
    replicate = is (lib.replicate 2 1) [ 1 1 ];
    split-string = is (lib.splitString "." "a.b..c") [ "a" "b" "" "c" ];
    trim = is (lib.trim "  a b\n") "a b";
    trim-nothing-left = is (lib.trim " \n") "";
    prefix-of-string = is [ (lib.hasPrefix "a" "ab") (lib.hasPrefix "abc" "ab") ] [ true false ];
    suffix = is [ (lib.hasSuffix "b" "ab") (lib.hasSuffix "xab" "ab") (lib.removeSuffix "b" "ab") ] [ true false "a" ];
    infix = is [ (lib.hasInfix "b" "abc") (lib.hasInfix "x" "abc") ] [ true false ];
    escape-shell = is (lib.escapeShellArg "it's") "'it'\\''s'";
    escape-shell-plain = is (lib.escapeShellArg "a-b/c") "a-b/c";
    to-int = is [ (lib.toInt "42") (lib.toInt "-7") (lib.toInt "0042") ] [ 42 (-7) 42 ];
    case = is [ (lib.toUpper "aB") (lib.toLower "aB") (lib.toSentenceCase "hELLO") ] [ "AB" "ab" "Hello" ];
    fixed-width = is (lib.fixedWidthNumber 3 7) "007";
    optional-string = is (lib.optionalString false "x") "";
    versions = is [ (lib.versionAtLeast "1.10" "1.9") (lib.versionOlder "1.9" "1.10") (lib.versions.majorMinor "1.2.3") ] [ true true "1.2" ];
    show-option = is (lib.showOption [ "a" "b.c" "*" ]) "a.\"b.c\".*";
    ini = is (lib.generators.toINI { } { s.k = true; }) "[s]\nk=true\n";
    git-ini = is (lib.generators.toGitINI { user.name = "a"; url.x.insteadOf = "y"; }) "[url \"x\"]\n\tinsteadOf = \"y\"\n[user]\n\tname = \"a\"\n";
    key-value-duplicates = is (lib.generators.toKeyValue { listsAsDuplicateKeys = true; } { k = [ 1 2 ]; }) "k=1\nk=2\n";
    pretty = is (lib.generators.toPretty { multiline = false; } { a = [ 1 ]; f = x: x; }) "{ a = [ 1 ]; f = <function>; }";
    lua = is (lib.generators.toLua { } { a = [ true null ]; }) "{ [\"a\"] = { true, nil } }";
    command-line = is (lib.cli.toGNUCommandLineShell { } { v = true; name = "a b"; x = [ 1 2 ]; n = null; }) "--name 'a b' -v -x 1 -x 2";
    extend = is ((lib.extend (_: prev: { mine = prev.max 1 2; })).mine) 2;
    compose-extensions = is ((lib.fix (lib.extends (lib.composeManyExtensions [ (_: p: { a = p.a + 1; }) (f: p: { b = f.a + p.a; }) ]) (_: { a = 1; })))) { a = 2; b = 4; };
    elaborated = is (lib.systems.elaborate "aarch64-darwin").config "aarch64-apple-darwin";
    platform-from-config = is (lib.systems.elaborate { config = "aarch64-unknown-linux-gnu"; }).system "aarch64-linux";
    scope = is ((lib.makeScope (_: lib.callPackageWith { }) (self: { a = 1; b = self.a; })).overrideScope (_: _: { a = 2; })).b 2;
    overridable = is ((lib.makeOverridable ({ a }: { v = a; }) { a = 1; }).override { a = 2; }).v 2;
    fileset = is (
      builtins.attrNames (
        builtins.readDir (lib.fileset.toSource {
          root = ./modules;
          fileset = lib.fileset.difference ./modules ./modules/one.nix;
        })
      )
    ) [ "default.nix" "one-a.nix" "two-a.nix" ];
    files-recursive = is (map baseNameOf (lib.filesystem.listFilesRecursive ./modules)) [ "default.nix" "one-a.nix" "one.nix" "two-a.nix" ];
  };

  throws = {
    not-an-int = {
      expr = lib.toInt "x";
      message = "Could not convert";
    };
    assert-message = {
      expr = lib.assertMsg false "the message";
      message = "the message";
    };
    not-one-of = {
      expr = lib.assertOneOf "mode" "c" [ "a" "b" ];
      message = "mode must be one of";
    };
    disjoint = {
      expr = lib.unionOfDisjoint { a = 1; } { a = 2; };
      message = "both sets have a";
    };
  };
}
