# Types made of other types.
{ lib, make }:
let
  inherit (make) holding mkOptionType;
  inherit (builtins)
    all
    concatLists
    isAttrs
    isFunction
    isList
    mapAttrs
    zipAttrsWith
    ;

  detailed = type: loc: defs: if type ? mergeDetailed then type.mergeDetailed loc defs else rec {
    value = type.merge loc defs;
    clean = value;
  };

  # Definitions of sets, merged name by name; each name's result is that of `lib.mergeDefinitions`.
  mergeByName =
    loc: element: defs:
    zipAttrsWith (name: lib.mergeDefinitions (loc ++ [ name ]) element) (
      map (d: mapAttrs (_: value: { inherit (d) file; inherit value; }) d.value) defs
    );
in
rec {
  listOf =
    element:
    holding "listOf" "list of" element {
      check = isList;
      emptyValue.value = [ ];
      again = listOf;
      getSubOptions = prefix: element.getSubOptions (prefix ++ [ "*" ]);
      mergeDetailed =
        loc: defs:
        let
          entry =
            n: def: m: value:
            lib.mergeDefinitions (loc ++ [ "[definition ${toString n}-entry ${toString m}]" ]) element [
              { inherit (def) file; inherit value; }
            ];
          merged = builtins.filter (e: e.isDefined) (
            concatLists (lib.imap1 (n: def: lib.imap1 (entry n def) def.value) defs)
          );
        in
        {
          value = map (e: e.mergedValue) merged;
          clean = map (e: e.clean) merged;
        };
    };
  nonEmptyListOf = element: addCheck (listOf element) (x: x != [ ]) // {
    description = "non-empty ${(listOf element).description}";
  };

  attrsOf =
    element:
    holding "attrsOf" "attribute set of" element {
      check = isAttrs;
      emptyValue.value = { };
      again = attrsOf;
      getSubOptions = prefix: element.getSubOptions (prefix ++ [ "<name>" ]);
      mergeDetailed =
        loc: defs:
        let
          merged = lib.filterAttrs (_: e: e.isDefined) (mergeByName loc element defs);
        in
        {
          value = mapAttrs (_: e: e.mergedValue) merged;
          clean = mapAttrs (_: e: e.clean) merged;
        };
    };
  # Names are known without forcing any condition; a value that is switched off is the element's empty value, or an error.
  lazyAttrsOf =
    element:
    holding "lazyAttrsOf" "lazy attribute set of" element {
      check = isAttrs;
      emptyValue.value = { };
      again = lazyAttrsOf;
      getSubOptions = prefix: element.getSubOptions (prefix ++ [ "<name>" ]);
      mergeDetailed =
        loc: defs:
        let
          merged = mergeByName loc element defs;
        in
        {
          value = mapAttrs (_: e: e.optionalValue.value or element.emptyValue.value or e.mergedValue) merged;
          clean = mapAttrs (_: e: e.clean) (lib.filterAttrs (_: e: e.isDefined) merged);
        };
    };
  loaOf = attrsOf;
  attrsWith =
    {
      elemType,
      lazy ? false,
      placeholder ? "name",
    }:
    (if lazy then lazyAttrsOf else attrsOf) elemType;

  nullOr =
    element:
    holding "nullOr" "null or" element {
      isComposite = true;
      check = x: x == null || element.check x;
      emptyValue.value = null;
      again = nullOr;
      getSubOptions = element.getSubOptions;
      mergeDetailed =
        loc: defs:
        let
          nulls = builtins.filter (d: d.value == null) defs;
        in
        if nulls == [ ] then
          detailed element loc defs
        else if builtins.length nulls == builtins.length defs then
          {
            value = null;
            clean = null;
          }
        else
          throw "The option `${lib.showOption loc}' is defined both null and not null, in ${lib.showFiles (lib.getFiles defs)}.";
    };

  uniq = element: unique { message = ""; } element;
  unique =
    { message }:
    element:
    holding "unique" "" element {
      inherit (element) description check;
      again = unique { inherit message; };
      getSubOptions = element.getSubOptions;
      mergeDetailed =
        loc: defs:
        builtins.seq (lib.mergeUniqueOption { inherit message; } loc defs) (detailed element loc defs);
    };

  functionTo =
    element:
    holding "functionTo" "function that evaluates to a(n)" element {
      check = isFunction;
      again = functionTo;
      mergeDetailed = loc: defs: {
        value =
          arg:
          (lib.mergeDefinitions (loc ++ [ "<function body>" ]) element (
            map (d: { inherit (d) file; value = d.value arg; }) defs
          )).mergedValue;
        clean = null;
      };
    };

  either =
    a: b:
    mkOptionType {
      name = "either";
      description = "${if a.isComposite && a.name != "either" then "(${a.description})" else a.description} or ${b.description}";
      isComposite = true;
      check = x: a.check x || b.check x;
      nestedTypes = {
        left = a;
        right = b;
      };
      merge = loc: defs: ((either a b).mergeDetailed loc defs).value;
      mergeDetailed =
        loc: defs:
        if all (d: a.check d.value) defs then
          detailed a loc defs
        else if all (d: b.check d.value) defs then
          detailed b loc defs
        else
          throw (lib.mergeOneOption loc defs);
      mergeWith =
        other:
        let
          left = a.mergeWith other.nestedTypes.left;
          right = b.mergeWith other.nestedTypes.right;
        in
        if other.name == "either" && left != null && right != null then either left right else null;
    };
  oneOf = types: builtins.foldl' either (builtins.head types) (builtins.tail types);

  coercedTo =
    from: coerce: to:
    let
      convert = d: if from.check d.value then d // { value = coerce d.value; } else d;
      type = mkOptionType {
        name = "coercedTo";
        description = "${to.description} or ${from.description} convertible to it";
        isComposite = true;
        check = x: (from.check x && to.check (coerce x)) || to.check x;
        inherit (to) emptyValue getSubOptions getSubModules;
        merge = loc: defs: (type.mergeDetailed loc defs).value;
        mergeDetailed = loc: defs: detailed to loc (map convert defs);
      };
    in
    type;

  enum =
    values:
    mkOptionType {
      name = "enum";
      description =
        if values == [ ] then
          "impossible (empty enum)"
        else
          "one of ${lib.concatMapStringsSep ", " (v: if builtins.isString v then builtins.toJSON v else lib.generators.toPretty { } v) values}";
      isComposite = true;
      check = x: builtins.elem x values;
      merge = lib.mergeEqualOption;
      nestedTypes = { inherit values; };
      mergeWith =
        other:
        if other.name == "enum" then enum (lib.unique (values ++ other.nestedTypes.values)) else null;
    };

  addCheck = type: check: type // { check = x: type.check x && check x; };
}
