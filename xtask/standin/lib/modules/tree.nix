# The tree of options: declarations and definitions of all modules, merged name by name.
#
# A node is `{ value; clean; isDefined; options; unmatched; }`, all lazy. `clean` leaves out what has no value, so that it can be
# forced as a whole; `unmatched` lists definitions without a declaration. Work is linear in declarations and definitions.
{ lib, freeForm }:
let
  inherit (builtins)
    all
    any
    attrNames
    attrValues
    concatMap
    filter
    foldl'
    head
    length
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  gather = zipAttrsWith (_: found: found);

  # declarations: [{ file; options }], definitions: [{ file; value }] with sets for values.
  level =
    isFree: loc: declarations: definitions:
    let
      declared = gather (
        map (d: mapAttrs (_: option: { inherit (d) file; inherit option; }) d.options) declarations
      );
      given = gather (
        map (d: mapAttrs (_: value: { inherit (d) file; inherit value; }) d.value) definitions
      );
      children = mapAttrs (name: found: node isFree (loc ++ [ name ]) found (given.${name} or [ ])) declared;
      undeclared = removeAttrs given (attrNames declared);
      free = if isFree then mapAttrs (name: freeForm.node (loc ++ [ name ])) undeclared else { };
      everything = children // free;
    in
    {
      value = mapAttrs (_: child: child.value) everything;
      clean = mapAttrs (_: child: child.clean) (lib.filterAttrs (_: child: child.isDefined) everything);
      isDefined = true;
      options = mapAttrs (_: child: child.options) children;
      unmatched =
        if isFree then
          [ ]
        else
          concatMap (child: child.unmatched) (attrValues children)
          ++ builtins.concatLists (
            lib.mapAttrsToList (name: map (def: def // { path = loc ++ [ name ]; })) undeclared
          );
    };

  node =
    isFree: loc: found: definitions:
    let
      isOption = d: lib.isOption d.option;
    in
    if all isOption found then
      option loc found definitions
    else if any isOption found then
      let
        leaf = head (filter isOption found);
        inner = head (filter (d: !isOption d) found);
      in
      throw "The option `${lib.showOption loc}' in `${toString leaf.file}' is a prefix of options in `${toString inner.file}'."
    else
      level isFree loc (map (d: { inherit (d) file; options = d.option; }) found) (
        concatMap (lib.pushDown loc) definitions
      );

  # The same option may be declared more than once if its types can be merged and no attribute is given twice.
  mergeDeclarations =
    loc: found:
    if length found == 1 then
      (head found).option
    else
      foldl' (
        merged: d:
        let
          both = name: merged ? ${name} && d.option ? ${name};
          type = if both "type" then merged.type.mergeWith d.option.type else merged.type or d.option.type or null;
        in
        if both "default" || both "apply" || (both "type" && type == null) then
          throw "The option `${lib.showOption loc}' in `${toString d.file}' is already declared in ${lib.showFiles (map (f: f.file) (filter (f: f.file != d.file) found))}."
        else
          merged // d.option // lib.optionalAttrs (type != null) { inherit type; }
      ) (head found).option (builtins.tail found);

  option =
    loc: found: definitions:
    let
      declared = mergeDeclarations loc found;
      type = declared.type or lib.types.unspecified;
      default = lib.optional (declared ? default) {
        file = (head found).file;
        value = lib.mkOptionDefault declared.default;
      };
      effective = (lib.settle definitions).defs;
      merged =
        if declared.readOnly or false && length effective > (if declared ? default then 0 else 1) then
          throw "The option `${lib.showOption loc}' is read-only, but it's set multiple times. Definition values:${lib.showDefs effective}"
        else
          lib.mergeDefinitions loc type (default ++ definitions);
      value = if declared ? apply then declared.apply merged.mergedValue else merged.mergedValue;
    in
    {
      inherit value;
      inherit (merged) isDefined clean;
      unmatched = [ ];
      options = declared // {
        inherit loc type value;
        inherit (merged) isDefined;
        declarations = map (d: d.file) found;
        definitions = map (d: d.value) merged.defsFinal;
        files = map (d: d.file) merged.defsFinal;
        definitionsWithLocations = map (d: { inherit (d) file value; }) merged.defsFinal;
        highestPrio = merged.highestPriority;
        options = type.getSubOptions loc;
        __toString = _: lib.showOption loc;
      };
    };
in
{
  inherit level;
}
