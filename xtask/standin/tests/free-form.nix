# Configuration without declarations.
{ lib }:
let
  inherit (lib) mkAfter mkDefault mkForce mkIf mkMerge mkOption types;
  eval = modules: lib.evalModules { inherit modules; freeForm = true; };
  clean = modules: (eval modules).clean;
in
{
  equal = {
    lists-concatenate = {
      expr = clean [ { a.b = [ 1 ]; } { a.b = mkAfter [ 2 ]; } ];
      expected.a.b = [ 1 2 ];
    };
    several-lines-are-lines = {
      expr = clean [ { a.b = "1\n2"; } { a.b = lib.mkBefore "0"; } ];
      expected.a.b = "0\n1\n2";
    };
    sets-merge = {
      expr = clean [ { a.b.c = 1; } { a.b.d = 2; } ];
      expected.a.b = { c = 1; d = 2; };
    };
    priorities-reach-leaves = {
      expr = clean [ { a = mkDefault { b = 1; c = 1; }; } { a.b = 2; } ];
      expected.a = { b = 2; c = 1; };
    };
    force-on-a-leaf = {
      expr = clean [ { a.b = [ 1 ]; } { a.b = mkForce [ ]; } ];
      expected.a.b = [ ];
    };
    condition-on-own-sibling = {
      expr =
        (eval [
          ({ config, ... }: { services.x = mkIf config.services.x.enable { port = 1; }; })
          { services.x.enable = true; }
        ]).config.services.x.port;
      expected = 1;
    };
    condition-around-everything = {
      expr =
        clean [
          ({ config, ... }: { config = mkIf config.my.enable (mkMerge [ { services.x.y = 1; } ]); })
          { options.my.enable = mkOption { type = types.bool; default = false; }; }
        ];
      expected.my.enable = false;
    };
    switched-off-is-left-out = {
      expr = clean [ { a.b = mkIf false 1; a.c = 2; } ];
      expected.a.c = 2;
    };
    content-of-a-false-condition-may-throw = {
      expr = clean [ { a.b = 1; } { a.b = mkIf false (throw "looked at"); } ];
      expected.a.b = 1;
    };
    declared-beside-undeclared = {
      expr =
        clean [
          { options.a.declared = mkOption { type = types.lines; default = "x"; }; }
          { a.free = 1; a.declared = "y"; }
        ];
      expected.a = { declared = "y"; free = 1; };
    };
    derivations-are-values = {
      expr = (eval [ { a.b = { type = "derivation"; name = "d"; outPath = "/d"; }; } ]).config.a.b.name;
      expected = "d";
    };
    empty-set-is-defined = {
      expr = clean [ { a.b = { }; } ];
      expected.a.b = { };
    };
  };

  throws = {
    scalars-conflict = {
      expr = clean [ { _file = "one.nix"; a.b = 1; } { _file = "two.nix"; a.b = 2; } ];
      message = "The option `a.b' has conflicting definition values:";
    };
    read-while-switched-off = {
      expr = (eval [ { a.b = mkIf false 1; } ]).config.a.b;
      message = "The option `a.b' was accessed but has no value defined.";
    };
  };
}
