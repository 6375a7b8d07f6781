# Types whose values are modules.
{ lib, make }:
let
  inherit (make) mkOptionType;
  inherit (builtins) isAttrs isPath;

  isModule = x: isAttrs x || lib.isFunction x || isPath x;
in
rec {
  submodule =
    modules:
    submoduleWith {
      shorthandOnlyDefinesConfig = true;
      modules = lib.toList modules;
    };

  # `freeForm` is the stand-in's own, see `lib.evalModules`.
  submoduleWith =
    arguments@{
      modules,
      specialArgs ? { },
      shorthandOnlyDefinesConfig ? false,
      description ? null,
      class ? null,
      freeForm ? false,
    }:
    let
      asModule =
        { value, file, ... }:
        if isAttrs value && shorthandOnlyDefinesConfig then
          {
            _file = file;
            config = value;
          }
        else
          {
            _file = file;
            imports = [ value ];
          };
      evaluate =
        loc: defs:
        lib.evalModules {
          inherit specialArgs class freeForm;
          prefix = loc;
          args.name = if loc == [ ] then "‹name›" else lib.last loc;
          modules = modules ++ map asModule defs;
        };
      type = mkOptionType {
        name = "submodule";
        description = if description == null then "submodule" else description;
        check = isModule;
        emptyValue.value = { };
        getSubModules = modules;
        getSubOptions = prefix: removeAttrs (evaluate prefix [ ]).options [ "_module" ];
        nestedTypes.arguments = arguments;
        merge = loc: defs: (evaluate loc defs).config;
        mergeDetailed =
          loc: defs:
          let
            evaluated = evaluate loc defs;
          in
          {
            value = evaluated.config;
            inherit (evaluated) clean;
          };
        mergeWith =
          other:
          let
            theirs = other.nestedTypes.arguments;
          in
          if other.name != "submodule" then
            null
          else
            submoduleWith (
              arguments
              // {
                modules = modules ++ theirs.modules;
                specialArgs = specialArgs // (theirs.specialArgs or { });
                freeForm = freeForm || theirs.freeForm or false;
              }
            );
      };
    in
    type;

  deferredModule = deferredModuleWith { };
  deferredModuleWith =
    {
      staticModules ? [ ],
    }:
    mkOptionType {
      name = "deferredModule";
      description = "module";
      check = isModule;
      merge = loc: defs: {
        imports =
          staticModules
          ++ map (d: lib.setDefaultModuleLocation "${toString d.file}, via option ${lib.showOption loc}" d.value) defs;
      };
      mergeDetailed = loc: defs: {
        value = (deferredModuleWith { inherit staticModules; }).merge loc defs;
        clean = null;
      };
    };

  # A set with exactly one of the given tags.
  attrTag =
    tags:
    mkOptionType {
      name = "attrTag";
      description = "attribute-tagged union of ${lib.concatStringsSep ", " (builtins.attrNames tags)}";
      check =
        x: isAttrs x && builtins.length (builtins.attrNames x) == 1 && tags ? ${lib.head (builtins.attrNames x)};
      merge =
        loc: defs:
        let
          tag = lib.head (builtins.attrNames (lib.head defs).value);
          ofTag = map (
            d:
            if d.value ? ${tag} then
              { inherit (d) file; value = d.value.${tag}; }
            else
              throw "The option `${lib.showOption loc}' is defined with different tags: ${lib.showDefs defs}"
          ) defs;
        in
        {
          ${tag} =
            (lib.mergeDefinitions (loc ++ [ tag ]) (tags.${tag}.type or lib.types.raw) ofTag).mergedValue;
        };
    };
}
