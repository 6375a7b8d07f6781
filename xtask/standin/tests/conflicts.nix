# Definitions that contradict each other: the error names every file and value.
{ lib }:
let
  inherit (lib) mkDefault mkForce mkOption types;
  typed =
    modules:
    (lib.evalModules { modules = [ { options.a.x = mkOption { type = types.int; }; } ] ++ modules; }).config.a.x;
  free = modules: (lib.evalModules { inherit modules; freeForm = true; }).config.a.x;
  first = x: { _file = "first.nix"; a = { inherit x; }; };
  second = x: { _file = "second.nix"; a = { inherit x; }; };
in
{
  equal = {
    equal-values-agree = {
      expr = typed [ (first 1) (second 1) ];
      expected = 1;
    };
    force-settles-a-conflict = {
      expr = typed [ (first 1) (second (mkForce 2)) ];
      expected = 2;
    };
    default-settles-a-conflict = {
      expr = free [ (first 1) (second (mkDefault 2)) ];
      expected = 1;
    };
  };

  throws = {
    conflict-names-both-files = {
      expr = typed [ (first 1) (second 2) ];
      message = "The option `a.x' has conflicting definition values:\n- In `second.nix': 2\n- In `first.nix': 1";
    };
    conflict-of-undeclared-names-both-files = {
      expr = free [ (first "one") (second "two") ];
      message = "The option `a.x' has conflicting definition values:\n- In `second.nix': \"two\"\n- In `first.nix': \"one\"";
    };
    conflict-of-equal-priority = {
      expr = typed [ (first (mkForce 1)) (second (mkForce 2)) ];
      message = "The option `a.x' has conflicting definition values:";
    };
    conflict-between-files-on-disk = {
      expr = free [ ./modules/one-a.nix ./modules/two-a.nix ];
      message = "one-a.nix': 1";
    };
    declared-twice = {
      expr =
        (lib.evalModules {
          modules = [
            { _file = "first.nix"; options.x = mkOption { type = types.int; }; }
            { _file = "second.nix"; options.x = mkOption { type = types.str; }; }
          ];
        }).config.x;
      message = "The option `x' in `first.nix' is already declared in `second.nix'.";
    };
    declared-as-option-and-set = {
      expr =
        (lib.evalModules {
          modules = [
            { _file = "first.nix"; options.x = mkOption { type = types.int; }; }
            { _file = "second.nix"; options.x.y = mkOption { type = types.str; }; }
          ];
        }).config.x;
      message = "The option `x' in `first.nix' is a prefix of options in `second.nix'.";
    };
    undeclared-option = {
      expr =
        (lib.evalModules {
          modules = [ { _file = "typo.nix"; servces.x = true; } ];
        }).config;
      message = "The option `servces' does not exist. Definition values:\n- In `typo.nix'";
    };
    scalar-for-a-set-of-options = {
      expr = typed [ { _file = "flat.nix"; a = [ 1 ]; } ];
      message = "In module `flat.nix', you're trying to define a value of type `list' rather than an attribute set for the option `a'!";
    };
  };
}
