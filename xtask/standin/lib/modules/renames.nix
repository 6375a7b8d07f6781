# Modules that keep an option's former name alive, or say what became of it.
{ lib }:
let
  inherit (lib)
    attrByPath
    getAttrFromPath
    mkIf
    mkMerge
    mkOption
    mkOverride
    optional
    optionalAttrs
    setAttrByPath
    showFiles
    showOption
    ;

  valueAt =
    path: set:
    attrByPath path (throw "The option `${showOption path}' cannot be found.") set;

  rename =
    {
      from,
      to,
      warn,
      visible ? false,
      withPriority ? true,
    }:
    { config, options, ... }:
    let
      former = getAttrFromPath from options;
      current = attrByPath to { } options;
    in
    {
      options = setAttrByPath from (
        mkOption {
          inherit visible;
          description = "Alias of {option}`${showOption to}`.";
          apply = _: valueAt to config;
        }
        // optionalAttrs (current ? type) { inherit (current) type; }
      );
      config = mkMerge [
        (optionalAttrs (warn && options ? warnings) {
          warnings =
            optional former.isDefined
              "The option `${showOption from}' defined in ${showFiles former.files} has been renamed to `${showOption to}'.";
        })
        (
          if withPriority then
            lib.mkAliasAndWrapDefsWithPriority (setAttrByPath to) former
          else
            lib.mkAliasAndWrapDefinitions (setAttrByPath to) former
        )
      ];
    };
in
{
  mkAliasDefinitions = lib.mkAliasAndWrapDefinitions lib.id;
  mkAliasAndWrapDefinitions = wrap: option: mkIf option.isDefined (wrap (mkMerge option.definitions));
  mkAliasAndWrapDefsWithPriority =
    wrap: option:
    mkIf option.isDefined (wrap (mkOverride option.highestPrio (mkMerge option.definitions)));
  mkDerivedConfig = option: f: mkIf option.isDefined (mkOverride option.highestPrio (f option.value));

  doRename =
    {
      from,
      to,
      visible,
      warn,
      withPriority ? true,
      ...
    }:
    rename {
      inherit
        from
        to
        visible
        warn
        withPriority
        ;
    };
  mkRenamedOptionModule =
    from: to:
    rename {
      inherit from to;
      warn = true;
    };
  mkRenamedOptionModuleWith =
    {
      from,
      to,
      sinceRelease ? 0,
    }:
    rename {
      inherit from to;
      warn = sinceRelease <= 2605;
    };
  mkAliasOptionModule =
    from: to:
    rename {
      inherit from to;
      visible = true;
      warn = false;
    };
  mkAliasOptionModuleMD = lib.mkAliasOptionModule;

  mkRemovedOptionModule =
    path: replacement:
    { options, ... }:
    let
      removed = getAttrFromPath path options;
    in
    {
      options = setAttrByPath path (mkOption {
        visible = false;
        apply =
          _:
          throw "The option `${showOption path}' can no longer be used since it's been removed. ${replacement}";
      });
      config.assertions = [
        {
          assertion = !removed.isDefined;
          message = "The option definition `${showOption path}' in ${showFiles removed.files} no longer has any effect; please remove it.\n${replacement}";
        }
      ];
    };

  mkChangedOptionModule =
    from: to: change:
    lib.mkMergedOptionModule [ from ] to change;
  mkMergedOptionModule =
    froms: to: merge:
    { config, options, ... }:
    {
      options = lib.foldl' lib.recursiveUpdate { } (
        map (path: setAttrByPath path (mkOption { visible = false; })) froms
      );
      config = mkMerge [
        {
          warnings = lib.concatMap (
            path:
            let
              former = getAttrFromPath path options;
            in
            optional former.isDefined
              "The option `${showOption path}' defined in ${showFiles former.files} has been changed to `${showOption to}' that has a different type. Please read `${showOption to}' documentation and update your configuration accordingly."
          ) froms;
        }
        (mkIf (lib.any (path: (getAttrFromPath path options).isDefined) froms) (
          setAttrByPath to (merge config)
        ))
      ];
    };
}
