# Option types: what they accept, how they merge, what they say.
{ lib }:
let
  inherit (lib) mkOption types;
  value =
    type: definitions:
    (lib.evalModules {
      modules = [ { options.x = mkOption { inherit type; }; } ] ++ map (x: { _file = "test.nix"; inherit x; }) definitions;
    }).config.x;
  accepts = type: x: { expr = value type [ x ]; expected = x; };
  merges = type: definitions: expected: { expr = value type definitions; inherit expected; };
  rejects = type: description: x: {
    expr = value type [ x ];
    message = "A definition for option `x' is not of type `${description}'. Definition values:\n- In `test.nix': ";
  };
  option = attrs: definitions:
    (lib.evalModules {
      modules = [ { options.x = mkOption attrs; } ] ++ map (x: { inherit x; }) definitions;
    }).config.x;
in
{
  equal = {
    bool = accepts types.bool true;
    int = accepts types.int (-3);
    float = accepts types.float 1.5;
    number = accepts types.number 2;
    str = accepts types.str "a";
    same-str-twice = merges types.str [ "a" "a" ] "a";
    port = accepts types.port 65535;
    between = accepts (types.ints.between 1 3) 3;
    positive = accepts types.ints.positive 1;
    enum = accepts (types.enum [ "a" "b" ]) "b";
    null-or-null = accepts (types.nullOr types.int) null;
    null-or-value = merges (types.nullOr (types.listOf types.int)) [ [ 1 ] [ 2 ] ] [ 2 1 ];
    lines = merges types.lines [ "a" "b" ] "b\na";
    commas = merges types.commas [ "a" "b" ] "b,a";
    single-line = merges types.singleLineStr [ "a\n" ] "a";
    matching = accepts (types.strMatching "[a-z]+") "abc";
    attrs = merges types.attrs [ { a = 1; } { b = 2; } ] { a = 1; b = 2; };
    attrs-of-lists = merges (types.attrsOf (types.listOf types.int)) [ { a = [ 1 ]; } { a = [ 2 ]; } ] { a = [ 2 1 ]; };
    lazy-attrs-of = {
      expr = builtins.attrNames (value (types.lazyAttrsOf types.int) [ { a = throw "forced"; } ]);
      expected = [ "a" ];
    };
    either = accepts (types.either types.int types.str) "a";
    one-of = accepts (types.oneOf [ types.int types.str (types.listOf types.int) ]) [ 1 ];
    coerced = merges (types.coercedTo types.int toString types.str) [ 3 ] "3";
    coerced-already = merges (types.coercedTo types.int toString types.str) [ "a" ] "a";
    function-to-lists = {
      expr = value (types.functionTo (types.listOf types.int)) [ (n: [ n ]) (n: [ (n + 1) ]) ] 1;
      expected = [ 2 1 ];
    };
    anything-merges-deeply = merges types.anything [ { a.b = 1; } { a.c = 2; } ] { a = { b = 1; c = 2; }; };
    raw = accepts types.raw [ 1 ];
    types-unique = accepts (types.uniq types.int) 1;
    deferred = {
      expr =
        (lib.evalModules {
          modules = [
            { options.y = mkOption { type = types.int; }; }
            (value types.deferredModule [ { y = 4; } ])
          ];
        }).config.y;
      expected = 4;
    };
    tagged = accepts (types.attrTag { a = mkOption { type = types.int; }; }) { a = 1; };
    checked = accepts (types.addCheck types.int (x: x > 2)) 3;
    types-path = accepts types.path "/etc/passwd";
    apply = {
      expr = option { type = types.int; apply = x: x + 1; } [ 1 ];
      expected = 2;
    };
    default = {
      expr = option { type = types.int; default = 5; } [ ];
      expected = 5;
    };
    default-merges-with-nothing = {
      expr = option { type = types.listOf types.int; default = [ 1 ]; } [ [ 2 ] ];
      expected = [ 2 ];
    };
    read-only-set-once = {
      expr = option { type = types.int; readOnly = true; } [ 1 ];
      expected = 1;
    };
    untyped-lists = {
      expr = option { } [ [ 1 ] [ 2 ] ];
      expected = [ 2 1 ];
    };
    enable-option = {
      expr = (lib.evalModules { modules = [ { options.x = lib.mkEnableOption "x"; } ]; }).config.x;
      expected = false;
    };
    package-option = {
      expr = (lib.mkPackageOption { a.b = 1; } "thing" { default = [ "a" "b" ]; }).default;
      expected = 1;
    };
    enum-declared-twice = {
      expr =
        (lib.evalModules {
          modules = [
            { options.x = mkOption { type = types.enum [ "a" ]; }; }
            { options.x = mkOption { type = types.enum [ "b" ]; }; }
            { x = "b"; }
          ];
        }).config.x;
      expected = "b";
    };
  };

  throws = {
    bool-is-no-string = rejects types.bool "boolean" "true";
    int-is-no-string = rejects types.int "signed integer" "3";
    str-is-no-int = rejects types.str "string" 3;
    port-too-large = rejects types.port "16 bit unsigned integer; between 0 and 65535 (both inclusive)" 65536;
    not-positive = rejects types.ints.positive "positive integer, meaning >0" 0;
    not-in-enum = rejects (types.enum [ "a" "b" ]) "one of \"a\", \"b\"" "c";
    not-matching = rejects (types.strMatching "[a-z]+") "string matching the pattern [a-z]+" "A";
    several-lines = rejects types.singleLineStr "(optionally newline-terminated) single-line string" "a\nb";
    relative-path = rejects types.path "absolute path" "etc";
    no-package = rejects types.package "package" "git";
    neither = rejects (types.either types.int types.bool) "signed integer or boolean" "a";
    not-null-or = rejects (types.nullOr types.int) "null or signed integer" "a";
    no-list = rejects (types.listOf types.int) "list of signed integer" 1;
    list-element = {
      expr = value (types.listOf types.int) [ [ 1 "a" ] ];
      message = "A definition for option `x.\"[definition 1-entry 2]\"' is not of type `signed integer'";
    };
    defined-twice-but-unique = {
      expr = value (types.uniq types.int) [ 1 2 ];
      message = "The option `x' is defined multiple times while it's expected to be unique.";
    };
    read-only-set-twice = {
      expr = option { type = types.int; readOnly = true; } [ 1 2 ];
      message = "The option `x' is read-only, but it's set multiple times.";
    };
    no-value = {
      expr = option { type = types.int; } [ ];
      message = "The option `x' was accessed but has no value defined. Try setting the option.";
    };
    failed-extra-check = rejects (types.addCheck types.int (x: x > 2)) "signed integer" 1;
  };
}
