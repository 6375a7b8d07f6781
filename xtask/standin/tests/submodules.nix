# Submodules: options of options.
{ lib }:
let
  inherit (lib) mkIf mkOption types;
  user = types.submodule (
    { config, name, ... }:
    {
      options = {
        name = mkOption {
          type = types.str;
          default = name;
        };
        home = mkOption {
          type = types.str;
          default = "/home/${config.name}";
        };
        groups = mkOption {
          type = types.listOf types.str;
          default = [ ];
        };
      };
    }
  );
  eval =
    type: modules:
    (lib.evalModules { modules = [ { options.users = mkOption { inherit type; }; } ] ++ modules; }).config.users;
  users = eval (types.attrsOf user);
in
{
  equal = {
    name-and-defaults = {
      expr = users [ { users.ada = { }; } ];
      expected.ada = {
        name = "ada";
        home = "/home/ada";
        groups = [ ];
      };
    };
    merged-from-two-modules = {
      expr =
        (users [
          { users.ada.groups = [ "a" ]; }
          { users.ada.groups = lib.mkAfter [ "b" ]; users.ada.home = "/ada"; }
        ]).ada;
      expected = {
        name = "ada";
        home = "/ada";
        groups = [ "a" "b" ];
      };
    };
    conditional = {
      expr = builtins.attrNames (users [ { users.ada = mkIf false { }; users.bob = mkIf true { }; } ]);
      expected = [ "bob" ];
    };
    function-as-value = {
      expr = (users [ { users.ada = { name, ... }: { home = "/f/${name}"; }; } ]).ada.home;
      expected = "/f/ada";
    };
    in-list = {
      expr = map (u: u.home) (eval (types.listOf user) [ { users = [ { name = "a"; } { name = "b"; } ]; } ]);
      expected = [ "/home/a" "/home/b" ];
    };
    submodules-nested = {
      expr =
        (eval (types.attrsOf (types.submodule { options.inner = mkOption { type = types.attrsOf user; }; })) [
          { users.team.inner.ada = { }; }
        ]).team.inner.ada.home;
      expected = "/home/ada";
    };
    freeform-type = {
      expr =
        eval (types.submodule { freeformType = types.attrsOf types.int; options.a = mkOption { type = types.str; }; }) [
          { users = { a = "declared"; b = 1; }; }
        ];
      expected = { a = "declared"; b = 1; };
    };
    special-arguments = {
      expr =
        eval (types.submoduleWith {
          specialArgs.extra = 7;
          modules = [ ({ extra, ... }: { options.n = mkOption { type = types.int; default = extra; }; }) ];
        }) [ { users = { }; } ];
      expected.n = 7;
    };
    declared-twice-is-one = {
      expr =
        (lib.evalModules {
          modules = [
            { options.s = mkOption { type = types.submodule { options.a = mkOption { type = types.int; default = 1; }; }; }; }
            { options.s = mkOption { type = types.submodule { options.b = mkOption { type = types.int; default = 2; }; }; }; }
            { s = { }; }
          ];
        }).config.s;
      expected = { a = 1; b = 2; };
    };
    unset-options-are-left-out-of-clean = {
      expr =
        (lib.evalModules {
          modules = [
            { options.s = mkOption { type = types.attrsOf (types.submodule { options.a = mkOption { type = types.int; }; }); }; }
            { s.x = { }; }
          ];
        }).clean;
      expected.s.x = { };
    };
  };

  throws = {
    undeclared-in-submodule = {
      expr = users [ { _file = "users.nix"; users.ada.shel = "zsh"; } ];
      message = "The option `users.ada.shel' does not exist. Definition values:\n- In `users.nix': \"zsh\"";
    };
    wrong-type-in-submodule = {
      expr = users [ { _file = "users.nix"; users.ada.home = 3; } ];
      message = "A definition for option `users.ada.home' is not of type `string'. Definition values:\n- In `users.nix': 3";
    };
    wrong-type-of-free-form = {
      expr =
        eval (types.submodule { freeformType = types.attrsOf types.int; }) [ { users.b = "text"; } ];
      message = "A definition for option `users.b' is not of type `signed integer'";
    };
  };
}
