# `lib.evalModules`: collect, merge, and tie the knot between `config` and the modules that read it.
{
  lib,
  collect,
  tree,
}:
let
  inherit (builtins)
    concatMap
    filter
    head
    removeAttrs
    ;
  inherit (lib) mkOption types;

  # Every evaluation has these, so they are made once.
  moduleOptions = {
    args = mkOption {
      type = types.lazyAttrsOf types.raw;
      description = "Arguments for modules besides `specialArgs`.";
    };
    check = mkOption {
      type = types.bool;
      default = true;
      description = "Whether definitions without a declaration are an error.";
    };
    freeformType = mkOption {
      type = types.nullOr types.optionType;
      default = null;
      description = "Type of all that has no declaration; null for none.";
    };
    specialArgs = mkOption {
      type = types.raw;
      readOnly = true;
      description = "Arguments that may be used in `imports`.";
    };
  };

  # `freeForm` is the stand-in's own: undeclared configuration is merged by its shape instead of being refused.
  evalModules =
    evalArgs@{
      modules,
      specialArgs ? { },
      prefix ? [ ],
      class ? null,
      freeForm ? false,
      args ? { },
      check ? true,
    }:
    let
      collected = collect.collectModules {
        inherit modules;
        modulesPath = specialArgs.modulesPath or "";
        arguments = {
          inherit
            lib
            options
            config
            specialArgs
            ;
          _class = class;
          _prefix = prefix;
        }
        // specialArgs;
        lookup =
          file: name:
          config._module.args.${name}
            or (throw "The module argument `${name}' of `${toString file}' is given neither by `specialArgs' nor by `_module.args'.");
      };
      internal = {
        file = "lib/modules.nix";
        options._module = moduleOptions;
        config._module = {
          args = args // {
            inherit extendModules moduleType;
            standInClean = clean;
          };
          check = lib.mkOptionDefault check;
          inherit specialArgs;
        };
      };
      # Later modules come first, so that a module's definitions stand after those of its imports.
      all = lib.reverseList (collected ++ [ internal ]);

      root = tree.level freeForm prefix (map (m: { inherit (m) file options; }) (filter (m: m.options != { }) all)) (
        concatMap (m: lib.pushDown prefix { inherit (m) file; value = m.config; }) all
      );

      inherit (root) options;
      freeformType = if freeForm then null else root.value._module.freeformType;
      undeclared = freeformType.merge prefix (
        map (def: {
          inherit (def) file;
          value = lib.setAttrByPath (lib.drop (builtins.length prefix) def.path) def.value;
        }) root.unmatched
      );
      withUndeclared =
        declared: if freeformType == null then declared else lib.recursiveUpdate undeclared declared;
      # `_module` must be readable while the free-form type is still being determined.
      config = if freeForm then root.value else withUndeclared root.value;

      checked =
        value:
        if freeForm || freeformType != null || root.unmatched == [ ] || !root.value._module.check then
          value
        else
          let
            first = head root.unmatched;
          in
          throw "The option `${lib.showOption first.path}' does not exist. Definition values:${lib.showDefs [ first ]}";

      # The configuration without what has no value; modules get it as the argument `standInClean`.
      clean = checked (removeAttrs (withUndeclared root.clean) [ "_module" ]);

      extendModules =
        {
          modules ? [ ],
          specialArgs ? { },
          prefix ? [ ],
        }@extension:
        evalModules (
          evalArgs
          // {
            modules = evalArgs.modules ++ modules;
            specialArgs = (evalArgs.specialArgs or { }) // specialArgs;
            prefix = extension.prefix or (evalArgs.prefix or [ ]);
          }
        );
      moduleType = types.submoduleWith {
        inherit modules specialArgs class;
      };
    in
    {
      _type = "configuration";
      inherit
        options
        extendModules
        class
        specialArgs
        ;
      type = moduleType;
      config = checked (removeAttrs config [ "_module" ]);
      inherit clean;
      _module = root.value._module;
    };
in
{
  inherit evalModules;
}
