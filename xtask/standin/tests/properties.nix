# mkIf, mkMerge, priorities and order.
{ lib }:
let
  inherit (lib)
    mkAfter
    mkBefore
    mkDefault
    mkForce
    mkIf
    mkMerge
    mkOption
    mkOptionDefault
    mkOrder
    mkOverride
    types
    ;
  # The value of an option `x` of a type, given its definitions.
  value = type: definitions: (eval type definitions).config.x;
  eval =
    type: definitions:
    lib.evalModules {
      modules = [ { options.x = mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) definitions;
    };
  case = type: definitions: expected: {
    expr = value type definitions;
    inherit expected;
  };
  ints = types.listOf types.int;
in
{
  equal = {
    if-true = case types.int [ (mkIf true 1) ] 1;
    if-false-is-no-definition = case types.int [ (mkIf false 1) 2 ] 2;
    if-false-is-not-even-looked-at = case types.int [ (mkIf false (throw "looked at")) 2 ] 2;
    if-in-list-element = case ints [ [ (mkIf false 1) (mkIf true 2) ] ] [ 2 ];
    if-in-attrs-element = case (types.attrsOf types.int) [
      {
        a = mkIf false 1;
        b = mkIf true 2;
      }
    ] { b = 2; };
    if-around-config-does-not-recurse = {
      expr =
        (lib.evalModules {
          modules = [
            {
              options.enable = mkOption { type = types.bool; };
              options.x = mkOption {
                type = types.int;
                default = 0;
              };
            }
            ({ config, ... }: { config = mkIf config.enable { x = 1; }; })
            { enable = true; }
          ];
        }).config.x;
      expected = 1;
    };
    merge = case ints [ (mkMerge [ [ 1 ] (mkIf false [ 2 ]) (mkMerge [ [ 3 ] ]) ]) ] [ 1 3 ];
    merge-around-config = {
      expr =
        (lib.evalModules {
          modules = [
            { options.x = mkOption { type = ints; }; }
            { config = mkMerge [ { x = [ 1 ]; } { x = mkIf true [ 2 ]; } ]; }
          ];
        }).config.x;
      expected = [ 1 2 ];
    };
    force-beats-plain = case types.int [ 1 (mkForce 2) ] 2;
    force-drops-other-lists = case ints [ [ 1 ] (mkForce [ 2 ]) ] [ 2 ];
    force-inside-if = case types.int [ 1 (mkIf true (mkForce 2)) ] 2;
    if-inside-force = case ints [ [ 1 ] (mkForce (mkMerge [ (mkIf true [ 2 ]) (mkIf false [ 3 ]) ])) ] [ 2 ];
    order-inside-force = case ints [ (mkForce (mkAfter [ 2 ])) (mkForce [ 1 ]) ] [ 1 2 ];
    overridden-default-is-not-looked-at = case types.int [ (mkDefault (throw "looked at")) 2 ] 2;
    plain-beats-default = case types.int [ 1 (mkDefault 2) ] 1;
    default-beats-option-default = case types.int [ (mkDefault 1) (mkOptionDefault 2) ] 1;
    lowest-number-wins = case types.int [ (mkOverride 40 1) (mkForce 2) ] 1;
    priority-of-one-attribute = case (types.attrsOf types.int) [
      {
        a = mkDefault 1;
        b = 1;
      }
      { a = 2; }
    ] { a = 2; b = 1; };
    default-around-config = {
      expr =
        (lib.evalModules {
          modules = [
            { options.x = mkOption { type = types.int; }; }
            { config = mkDefault { x = 1; }; }
            { x = 2; }
          ];
        }).config.x;
      expected = 2;
    };
    before-and-after = case ints [ (mkAfter [ 3 ]) [ 2 ] (mkBefore [ 1 ]) ] [ 1 2 3 ];
    order-by-number = case ints [ (mkOrder 1200 [ 2 ]) (mkOrder 300 [ 1 ]) ] [ 1 2 ];
    order-of-lines = case types.lines [ (mkAfter "b") "a" ] "a\nb";
    later-modules-come-first = case ints [ [ 1 ] [ 2 ] ] [ 2 1 ];
    priority-is-readable = {
      expr = (eval types.int [ (mkForce 1) ]).options.x.highestPrio;
      expected = 50;
    };
    no-definition-is-known = {
      expr = (eval types.int [ (mkIf false 1) ]).options.x.isDefined;
      expected = false;
    };
  };

  throws = {
    only-switched-off = {
      expr = value types.int [ (mkIf false 1) ];
      message = "The option `x' was accessed but has no value defined. Try setting the option.";
    };
    condition-that-throws = {
      expr = value types.int [ (mkIf (throw "the condition was evaluated") 1) ];
      message = "the condition was evaluated";
    };
  };
}
