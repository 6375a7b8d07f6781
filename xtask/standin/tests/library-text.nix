# Functions of `lib` for text, files, platforms and extension, sampled where they are easy to get wrong.
{ lib }:
let
  is = expr: expected: { inherit expr expected; };
in
{
  equal = {
    split-string = is (lib.splitString "." "a.b..c") [
      "a"
      "b"
      ""
      "c"
    ];
    trim = is (lib.trim "  a b\n") "a b";
    trim-nothing-left = is (lib.trim " \n") "";
    prefix-of-string = is [ (lib.hasPrefix "a" "ab") (lib.hasPrefix "abc" "ab") ] [ true false ];
    suffix =
      is
        [ (lib.hasSuffix "b" "ab") (lib.hasSuffix "xab" "ab") (lib.removeSuffix "b" "ab") ]
        [ true false "a" ];
    infix = is [ (lib.hasInfix "b" "abc") (lib.hasInfix "x" "abc") ] [ true false ];
    escape-shell = is (lib.escapeShellArg "it's") "'it'\\''s'";
    escape-shell-plain = is (lib.escapeShellArg "a-b/c") "a-b/c";
    to-int =
      is
        [ (lib.toInt "42") (lib.toInt "-7") (lib.toIntBase10 "0042") ]
        [
          42
          (-7)
          42
        ];
    case =
      is
        [ (lib.toUpper "aB") (lib.toLower "aB") (lib.toSentenceCase "hELLO") ]
        [ "AB" "ab" "Hello" ];
    fixed-width = is (lib.fixedWidthNumber 3 7) "007";
    optional-string = is (lib.optionalString false "x") "";
    versions =
      is
        [
          (lib.versionAtLeast "1.10" "1.9")
          (lib.versionOlder "1.9" "1.10")
          (lib.versions.majorMinor "1.2.3")
        ]
        [ true true "1.2" ];
    show-option = is (lib.showOption [
      "a"
      "b.c"
      "*"
    ]) "a.\"b.c\".*";
    ini = is (lib.generators.toINI { } { s.k = true; }) "[s]\nk=true\n";
    git-ini = is (lib.generators.toGitINI {
      user.name = "a";
      url.x.insteadOf = "y";
    }) "[url \"x\"]\n\tinsteadOf = \"y\"\n\n[user]\n\tname = \"a\"\n";
    key-value-duplicates = is (lib.generators.toKeyValue { listsAsDuplicateKeys = true; } {
      k = [
        1
        2
      ];
    }) "k=1\nk=2\n";
    pretty = is (lib.generators.toPretty { multiline = false; } {
      a = [ 1 ];
      f = x: x;
    }) "{ a = [ 1 ]; f = <function>; }";
    lua = is (lib.generators.toLua { } {
      a = [
        true
        null
      ];
    }) "{ [\"a\"] = { true, nil } }";
    command-line = is (lib.cli.toGNUCommandLineShell { } {
      v = true;
      name = "a b";
      x = [
        1
        2
      ];
      n = null;
    }) "--name 'a b' -v -x 1 -x 2";
    extend = is ((lib.extend (_: prev: { mine = prev.max 1 2; })).mine) 2;
    compose-extensions =
      is
        (
          (lib.fix (
            lib.extends
              (lib.composeManyExtensions [
                (_: p: { a = p.a + 1; })
                (f: p: { b = f.a + p.a; })
              ])
              (_: {
                a = 1;
              })
          ))
        )
        {
          a = 2;
          b = 4;
        };
    compose-two-extensions =
      is
        (lib.fix (
          lib.extends (lib.composeExtensions (_: _: { b = 1; }) (_: prev: { c = prev.b; })) (_: {
            a = 0;
          })
        ))
        {
          a = 0;
          b = 1;
          c = 1;
        };
    elaborated = is (lib.systems.elaborate "aarch64-darwin").config "arm64-apple-darwin";
    platform-from-config =
      is (lib.systems.elaborate { config = "aarch64-unknown-linux-gnu"; }).system
        "aarch64-linux";
    scope =
      is
        (
          (lib.makeScope (_: lib.callPackageWith { }) (self: {
            a = 1;
            b = self.a;
          })).overrideScope
          (_: _: { a = 2; })
        ).b
        2;
    overridable = is ((lib.makeOverridable ({ a }: { v = a; }) { a = 1; }).override { a = 2; }).v 2;
    fileset =
      is
        (builtins.attrNames (
          builtins.readDir (
            lib.fileset.toSource {
              root = ./modules;
              fileset = lib.fileset.difference ./modules ./modules/one.nix;
            }
          )
        ))
        [
          "default.nix"
          "named-a.nix"
          "one-a.nix"
          "two-a.nix"
        ];
    files-recursive = is (map baseNameOf (lib.filesystem.listFilesRecursive ./modules)) [
      "default.nix"
      "named-a.nix"
      "one-a.nix"
      "one.nix"
      "two-a.nix"
    ];
  };

  throws = {
    not-an-int = {
      expr = lib.toInt "x";
      message = "Could not convert";
    };
    int-of-doubtful-base = {
      expr = lib.toInt "0042";
      message = "Ambiguity in interpretation of \"0042\" between octal and zero padded integer.";
    };
    assert-message = {
      expr = lib.assertMsg false "the message";
      message = "the message";
    };
    not-one-of = {
      expr = lib.assertOneOf "mode" "c" [
        "a"
        "b"
      ];
      message = "mode must be one of";
    };
    disjoint = {
      expr = lib.unionOfDisjoint { a = 1; } { a = 2; };
      message = "both sets have a";
    };
  };
}
