# What modules are called with.
{ lib }:
let
  inherit (lib) mkOption types;
  declare.options.x = mkOption { type = types.raw; };
  eval = modules: lib.evalModules { modules = [ declare ] ++ modules; specialArgs.special = "s"; };
  x = modules: (eval modules).config.x;
in
{
  equal = {
    special = {
      expr = x [ ({ special, ... }: { x = special; }) ];
      expected = "s";
    };
    special-in-imports = {
      expr = x [ ({ special, ... }: { imports = [ { x = special; } ]; }) ];
      expected = "s";
    };
    module-argument = {
      expr = x [ ({ extra, ... }: { x = extra; }) { _module.args.extra = 3; } ];
      expected = 3;
    };
    module-argument-overridden = {
      expr = x [ ({ extra, ... }: { x = extra; }) { _module.args.extra = lib.mkDefault 3; } { _module.args.extra = 4; } ];
      expected = 4;
    };
    special-beats-module-argument = {
      expr = x [ ({ special, ... }: { x = special; }) { _module.args.special = "m"; } ];
      expected = "s";
    };
    own-config = {
      expr = x [ { options.y = mkOption { default = 2; }; } ({ config, ... }: { x = config.y; }) ];
      expected = 2;
    };
    options = {
      expr = x [ { options.y = mkOption { default = 2; }; } ({ options, ... }: { x = options.y.isDefined; }) ];
      expected = true;
    };
    check-switched-off = {
      expr = x [ { _module.check = false; x = 1; undeclared = 2; } ];
      expected = 1;
    };
    free-form-type = {
      expr = (eval [ { _module.freeformType = types.attrsOf types.int; x = 1; y = 2; } ]).config;
      expected = { x = 1; y = 2; };
    };
  };

  throws = {
    missing-argument = {
      expr = x [ { _file = "needy.nix"; imports = [ ({ absent, ... }: { x = absent; }) ]; } ];
      message = "The module argument `absent' of `needy.nix' is given neither by `specialArgs' nor by `_module.args'.";
    };
    undeclared-beside-declared = {
      expr = (eval [ { x = 1; undeclared = 2; } ]).config.x;
      message = "The option `undeclared' does not exist.";
    };
  };
}
