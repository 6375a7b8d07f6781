# Options that moved.
{ lib }:
let
  inherit (lib) mkOption types;
  base.options = {
    new.x = mkOption { type = types.int; };
    warnings = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    assertions = mkOption {
      type = types.listOf types.raw;
      default = [ ];
    };
  };
  eval = modules: (lib.evalModules { modules = [ base ] ++ modules; }).config;
  renamed = lib.mkRenamedOptionModule [ "old" "x" ] [ "new" "x" ];
in
{
  equal = {
    renamed-value = {
      expr = (eval [ renamed { old.x = 1; } ]).new.x;
      expected = 1;
    };
    renamed-warning = {
      expr = (eval [ renamed { _file = "f.nix"; old.x = 1; } ]).warnings;
      expected = [ "The option `old.x' defined in `f.nix' has been renamed to `new.x'." ];
    };
    renamed-no-warning-unless-used = {
      expr = (eval [ renamed { new.x = 1; } ]).warnings;
      expected = [ ];
    };
    former-name-reads-the-new = {
      expr = (eval [ renamed { new.x = 1; } ]).old.x;
      expected = 1;
    };
    renamed-keeps-priority = {
      expr = (eval [ renamed { old.x = lib.mkForce 1; new.x = 2; } ]).new.x;
      expected = 1;
    };
    alias = {
      expr =
        let
          config = eval [ (lib.mkAliasOptionModule [ "old" "x" ] [ "new" "x" ]) { old.x = 1; } ];
        in
        [ config.new.x config.warnings ];
      expected = [ 1 [ ] ];
    };
    removed-assertion = {
      expr = map (a: a.assertion) (eval [ (lib.mkRemovedOptionModule [ "old" "x" ] "Use y.") { old.x = 1; } ]).assertions;
      expected = [ false ];
    };
    removed-message = {
      expr =
        (builtins.head (eval [ (lib.mkRemovedOptionModule [ "old" "x" ] "Use y.") { _file = "f.nix"; old.x = 1; } ]).assertions).message;
      expected = "The option definition `old.x' in `f.nix' no longer has any effect; please remove it.\nUse y.";
    };
    removed-unused = {
      expr = map (a: a.assertion) (eval [ (lib.mkRemovedOptionModule [ "old" "x" ] "Use y.") ]).assertions;
      expected = [ true ];
    };
    changed = {
      expr =
        (eval [
          (lib.mkChangedOptionModule [ "old" "x" ] [ "new" "x" ] (config: lib.toInt config.old.x))
          { old.x = "3"; }
        ]).new.x;
      expected = 3;
    };
  };

  throws.removed-is-unreadable = {
    expr = (eval [ (lib.mkRemovedOptionModule [ "old" "x" ] "Use y.") { old.x = 1; } ]).old.x;
    message = "The option `old.x' can no longer be used since it's been removed. Use y.";
  };
}
