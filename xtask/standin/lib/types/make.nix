# What all types share.
#
# `merge loc defs` makes one value of definitions that passed `check`. Types that hold other types also give `mergeDetailed`,
# which returns `{ value; clean; }`, see `lib.mergeDefinitions`. `mergeWith other` is the type of an option declared with both
# types, or null when they do not go together.
{ lib }:
let
  mkOptionType =
    {
      name,
      description ? name,
      isComposite ? false,
      check ? (_: true),
      merge ? lib.mergeDefaultOption,
      mergeWith ? null,
      emptyValue ? { },
      getSubOptions ? (_: { }),
      getSubModules ? null,
      nestedTypes ? { },
      ...
    }@type:
    type
    // {
      _type = "option-type";
      inherit
        name
        description
        isComposite
        check
        merge
        emptyValue
        getSubOptions
        getSubModules
        nestedTypes
        ;
      mergeWith =
        if mergeWith != null then
          mergeWith
        else
          other: if other.name == name && other.description == description then other else null;
    };
in
{
  inherit mkOptionType;

  # A type named after the one it holds.
  holding =
    name: prefix: element: attrs:
    mkOptionType (
      {
        inherit name;
        description = "${prefix} ${if element.isComposite then "(${element.description})" else element.description}";
        nestedTypes.elemType = element;
        getSubModules = element.getSubModules;
      }
      // attrs
      // lib.optionalAttrs (attrs ? mergeDetailed) { merge = loc: defs: (attrs.mergeDetailed loc defs).value; }
      // {
        mergeWith =
          other:
          let
            both = element.mergeWith other.nestedTypes.elemType;
          in
          if other.name == name && both != null then attrs.again both else null;
      }
    );
}
