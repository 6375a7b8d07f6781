# Which modules take part.
{ lib }:
let
  inherit (lib) mkOption types;
  declare = {
    options.x = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
  };
  x = modules: (lib.evalModules { modules = [ declare ] ++ modules; }).config.x;
  host =
    modules:
    (lib.evalModules {
      modules = [ declare ] ++ modules;
      specialArgs.modulesPath = toString ./modules;
    }).config.x;
in
{
  equal = {
    path = {
      expr = x [ ./modules/one.nix ];
      expected = [ "one" ];
    };
    string-path = {
      expr = x [ (toString ./modules/one.nix) ];
      expected = [ "one" ];
    };
    folder = {
      expr = x [ ./modules ];
      expected = [ "one" ];
    };
    same-path-once = {
      expr = x [ ./modules/one.nix ./modules/one.nix { imports = [ ./modules/one.nix ]; } ];
      expected = [ "one" ];
    };
    same-key-once = {
      expr = x [
        { key = "k"; x = [ "first" ]; }
        { key = "k"; x = [ "second" ]; }
      ];
      expected = [ "first" ];
    };
    equal-sets-are-two-modules = {
      expr = x [ { x = [ "a" ]; } { x = [ "a" ]; } ];
      expected = [ "a" "a" ];
    };
    function = {
      expr = x [ ({ lib, ... }: { x = [ (lib.toUpper "a") ]; }) ];
      expected = [ "A" ];
    };
    imports-come-before-their-importer = {
      expr = x [ { imports = [ { x = [ "import" ]; } ]; x = [ "importer" ]; } ];
      expected = [ "import" "importer" ];
    };
    nested = {
      expr = x [ { imports = [ { imports = [ { x = [ "deep" ]; } ]; } ]; } ];
      expected = [ "deep" ];
    };
    disabled-by-path = {
      expr = x [ ./modules/one.nix { disabledModules = [ ./modules/one.nix ]; } ];
      expected = [ ];
    };
    disabled-by-name = {
      expr = host [ ./modules/one.nix { disabledModules = [ "one.nix" ]; } ];
      expected = [ ];
    };
    disabled-by-key = {
      expr = x [ { key = "k"; x = [ "a" ]; } { disabledModules = [ { key = "k"; } ]; } ];
      expected = [ ];
    };
    disabled-with-its-imports = {
      expr = x [ { key = "k"; imports = [ { x = [ "a" ]; } ]; } { disabledModules = [ { key = "k"; } ]; } ];
      expected = [ ];
    };
    class-is-tolerated = {
      expr = x [ { _class = "nixos"; x = [ "a" ]; } ];
      expected = [ "a" ];
    };
    property-as-module = {
      expr = x [ (lib.mkIf true { x = [ "a" ]; }) ];
      expected = [ "a" ];
    };
    extended = {
      expr =
        ((lib.evalModules { modules = [ declare ]; }).extendModules { modules = [ { x = [ "a" ]; } ]; }).config.x;
      expected = [ "a" ];
    };
  };

  throws = {
    missing-file = {
      expr = x [ ./modules/absent.nix ];
      message = "absent.nix";
    };
    list-in-imports = {
      expr = x [ { imports = [ [ ] ]; } ];
      message = "Module imports can't be nested lists";
    };
    config-beside-plain-attributes = {
      expr = x [
        {
          _file = "mixed.nix";
          config = { };
          x = [ ];
        }
      ];
      message = "has an unsupported attribute `x'";
    };
  };
}
