# Configuration nobody declared. A stand-in cannot know every option of NixOS, so what has no declaration is merged by its shape:
# sets attribute by attribute, lists by concatenation, strings of several lines line by line, equal scalars agree, and anything
# else is a conflict that names its files.
{ lib }:
let
  inherit (builtins)
    all
    any
    concatMap
    filter
    isAttrs
    isList
    mapAttrs
    zipAttrsWith
    ;

  isPlainSet =
    value: isAttrs value && !(value ? _type || value ? outPath || value ? __functor || lib.isDerivation value);

  isLines = value: builtins.isString value && lib.hasInfix "\n" value;

  # Whether a definition is a set below its properties. Conditions are not forced.
  isSetBelow =
    value:
    let
      kind = if isAttrs value then value._type or null else null;
    in
    if kind == "if" || kind == "override" || kind == "order" then
      isSetBelow value.content
    else if kind == "merge" then
      any isSetBelow value.contents
    else
      isPlainSet value;
  isConditional = value: isAttrs value && value._type or null == "if";

  # Definitions without a condition decide; the content of conditional ones may only make sense where the condition holds.
  isLevel =
    defs:
    let
      unconditional = filter (d: !isConditional d.value) defs;
    in
    if unconditional != [ ] then
      all (d: isSetBelow d.value) unconditional
    else
      any (d: isSetBelow d.value) defs;

  node =
    loc: defs: if isLevel defs then level loc (concatMap (lib.pushDown loc) defs) else leaf loc defs;

  level =
    loc: defs:
    let
      given = zipAttrsWith (_: ds: ds) (
        map (def: mapAttrs (_: value: { inherit (def) file; inherit value; }) def.value) defs
      );
      children = mapAttrs (name: node (loc ++ [ name ])) given;
    in
    {
      value = mapAttrs (_: child: child.value) children;
      clean = mapAttrs (_: child: child.clean) (lib.filterAttrs (_: child: child.isDefined) children);
      isDefined = children == { } || any (child: child.isDefined) (builtins.attrValues children);
    };

  leaf =
    loc: defs:
    let
      settled = (lib.settle defs).defs;
      merged =
        if settled == [ ] then
          throw "The option `${lib.showOption loc}' was accessed but has no value defined. Try setting the option."
        else if all (d: isList d.value) settled then
          same (concatMap (d: d.value) settled)
        else if all (d: builtins.isString d.value) settled && any (d: isLines d.value) settled then
          same (lib.concatStringsSep "\n" (lib.unique (map (d: d.value) settled)))
        else if all (d: isPlainSet d.value) settled then
          level loc settled
        else
          same (lib.mergeEqualOption loc settled);
      same = value: {
        inherit value;
        clean = value;
      };
    in
    {
      isDefined = settled != [ ];
      inherit (merged) value clean;
    };
in
{
  inherit node;
}
