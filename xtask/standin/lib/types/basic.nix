# Types without parts.
{ lib, make }:
let
  inherit (make) mkOptionType;
  inherit (builtins) isAttrs isBool isFloat isFunction isInt isString;

  simple =
    name: description: check:
    mkOptionType {
      inherit name description check;
      merge = lib.mergeEqualOption;
    };
  isPathLike = x: lib.isStringLike x && builtins.substring 0 1 (toString x) == "/";
  isPackage = x: lib.isDerivation x || lib.isStorePath x;
in
rec {
  bool = simple "bool" "boolean" isBool;
  boolByOr = mkOptionType {
    name = "boolByOr";
    description = "boolean (merged using or)";
    check = isBool;
    merge = _: builtins.any (d: d.value);
  };
  int = simple "int" "signed integer" isInt;
  float = simple "float" "floating point number" isFloat;
  number = simple "number" "signed integer or floating point number" (x: isInt x || isFloat x);
  numbers = {
    between = bounded "numberBetween" "integer or floating point number" number.check;
    nonnegative = simple "numberNonnegative" "nonnegative integer or floating point number, meaning >=0" (
      x: number.check x && x >= 0
    );
    positive = simple "numberPositive" "positive integer or floating point number, meaning >0" (
      x: number.check x && x > 0
    );
  };
  bounded =
    name: kind: isKind: low: high:
    simple name "${kind} between ${toString low} and ${toString high} (both inclusive)" (
      x: isKind x && x >= low && x <= high
    );
  ints =
    let
      unsignedBits =
        bits: top:
        simple "unsignedInt${toString bits}"
          "${toString bits} bit unsigned integer; between 0 and ${toString top} (both inclusive)"
          (x: isInt x && x >= 0 && x <= top);
      signedBits =
        bits: top:
        simple "signedInt${toString bits}"
          "${toString bits} bit signed integer; between ${toString (0 - top - 1)} and ${toString top} (both inclusive)"
          (x: isInt x && x >= 0 - top - 1 && x <= top);
    in
    {
      between = bounded "intBetween" "integer" isInt;
      unsigned = simple "unsignedInt" "unsigned integer, meaning >=0" (x: isInt x && x >= 0);
      positive = simple "positiveInt" "positive integer, meaning >0" (x: isInt x && x > 0);
      u8 = unsignedBits 8 255;
      u16 = unsignedBits 16 65535;
      u32 = unsignedBits 32 4294967295;
      s8 = signedBits 8 127;
      s16 = signedBits 16 32767;
      s32 = signedBits 32 2147483647;
    };
  port = ints.u16;

  str = simple "str" "string" isString;
  nonEmptyStr = simple "nonEmptyStr" "non-empty string" (
    x: isString x && builtins.match "[ \t\n]*" x == null
  );
  singleLineStr = mkOptionType {
    name = "singleLineStr";
    description = "(optionally newline-terminated) single-line string";
    check = x: isString x && builtins.match "[^\n\r]*\n?" x != null;
    merge = loc: defs: lib.removeSuffix "\n" (lib.mergeEqualOption loc defs);
  };
  passwdEntry =
    element: lib.types.addCheck element (x: builtins.match ".*[\n:].*" x == null);
  strMatching =
    pattern:
    simple "strMatching ${lib.escapeNixString pattern}" "string matching the pattern ${pattern}" (
      x: isString x && builtins.match pattern x != null
    );
  separatedString =
    separator:
    mkOptionType {
      name = "separatedString";
      description = "strings concatenated with ${builtins.toJSON separator}";
      check = isString;
      merge = _: defs: lib.concatStringsSep separator (lib.getValues defs);
    };
  lines = separatedString "\n";
  commas = separatedString ",";
  envVar = separatedString ":";
  string = str;

  path = simple "path" "absolute path" isPathLike;
  externalPath = simple "externalPath" "absolute path not in the Nix store" (
    x: isPathLike x && !lib.isStorePath (toString x)
  );
  pathInStore = simple "pathInStore" "path in the Nix store" lib.isStorePath;
  pathWith = _: path;
  package = mkOptionType {
    name = "package";
    check = isPackage;
    merge =
      loc: defs:
      let
        one = lib.mergeOneOption loc defs;
      in
      if lib.isDerivation one then one else lib.toDerivation one;
  };
  shellPackage = package;
  pkgs = simple "pkgs" "Nixpkgs package set" (x: isAttrs x && x ? stdenv);

  attrs = mkOptionType {
    name = "attrs";
    description = "attribute set";
    check = isAttrs;
    merge = _: defs: lib.mergeAttrsList (lib.getValues defs);
    emptyValue.value = { };
  };
  raw = mkOptionType {
    name = "raw";
    description = "raw value";
    merge = lib.mergeOneOption;
    mergeDetailed = loc: defs: {
      value = lib.mergeOneOption loc defs;
      clean = null;
    };
  };
  unspecified = mkOptionType {
    name = "unspecified";
    description = "unspecified value";
  };
  optionType = mkOptionType {
    name = "optionType";
    check = lib.isType "option-type";
    merge = _: defs: (builtins.head defs).value;
  };

  # Merged by the shape of the values: sets attribute by attribute, functions pointwise, the rest must agree.
  anything = mkOptionType {
    name = "anything";
    merge =
      loc: defs:
      let
        all = p: builtins.all (d: p d.value) defs;
      in
      if builtins.length defs == 1 && !isAttrs (builtins.head defs).value then
        (builtins.head defs).value
      else if all (x: isAttrs x && !lib.isStringLike x) then
        (lib.types.lazyAttrsOf anything).merge loc defs
      else if all isFunction then
        x: anything.merge (loc ++ [ "<function body>" ]) (map (d: d // { value = d.value x; }) defs)
      else
        lib.mergeEqualOption loc defs;
  };
}
