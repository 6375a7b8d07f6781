# Text from values: JSON, INI, key-value files, Nix and Lua expressions.
{ lib }:
let
  inherit (builtins) isAttrs isBool isFloat isFunction isInt isList isPath isString;
  inherit (lib) concatStringsSep mapAttrsToList;
in
rec {
  toJSON = _: builtins.toJSON;
  toYAML = _: builtins.toJSON;

  mkValueStringDefault =
    _: v:
    if isBool v then
      lib.boolToString v
    else if v == null then
      "null"
    else if isAttrs v && !lib.isStringLike v || isList v || isFunction v then
      throw "generators.mkValueStringDefault: ${builtins.typeOf v} not supported: ${toPretty { } v}"
    else
      toString v;
  mkKeyValueDefault =
    {
      mkValueString ? mkValueStringDefault { },
    }:
    separator: key: value:
    "${lib.escape [ separator ] key}${separator}${mkValueString value}";
  toKeyValue =
    {
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
      indent ? "",
    }:
    set:
    let
      line = key: value: "${indent}${mkKeyValue key value}\n";
      lines =
        key: value:
        if listsAsDuplicateKeys && isList value then map (line key) value else [ (line key value) ];
    in
    lib.concatStrings (lib.flatten (mapAttrsToList lines set));
  toINI =
    {
      mkSectionName ? (name: lib.escape [ "[" "]" ] name),
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
    }:
    sections:
    concatStringsSep "\n" (
      mapAttrsToList (
        name: values:
        "[${mkSectionName name}]\n" + toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } values
      ) sections
    );
  toINIWithGlobalSection =
    settings:
    {
      globalSection,
      sections ? { },
    }:
    lib.optionalString (globalSection != { }) (toKeyValue (removeAttrs settings [ "mkSectionName" ]) globalSection + "\n")
    + toINI settings sections;
  toGitINI =
    sections:
    let
      section =
        path: value:
        let
          leaves = lib.filterAttrs (_: v: !isAttrs v) value;
          inner = lib.filterAttrs (_: isAttrs) value;
          title =
            if builtins.length path == 1 then
              builtins.head path
            else
              "${builtins.head path} \"${concatStringsSep "." (builtins.tail path)}\"";
        in
        lib.optionalString (leaves != { }) (
          "[${title}]\n"
          + toKeyValue {
            listsAsDuplicateKeys = true;
            indent = "\t";
            mkKeyValue = mkKeyValueDefault {
              mkValueString = v: if isString v then builtins.toJSON v else mkValueStringDefault { } v;
            } " = ";
          } leaves
        )
        + lib.concatStrings (mapAttrsToList (n: section (path ++ [ n ])) inner);
    in
    lib.concatStrings (mapAttrsToList (n: section [ n ]) sections);
  toDconfINI = toINI { mkKeyValue = mkKeyValueDefault { mkValueString = v: builtins.toJSON v; } "="; };
  toPlist = _: value: builtins.toJSON value;

  # A Nix expression, as people read it in an error message. `depth` bounds how far nested values are printed.
  toPretty =
    {
      multiline ? true,
      indent ? "",
      allowPrettyValues ? true,
      depth ? 20,
    }:
    let
      go =
        left: indent: v:
        let
          inside = indent + "  ";
          break = if multiline then "\n" else " ";
          space = if multiline then inside else "";
          close = if multiline then indent else "";
          block = opening: items: closing: opening + break + lib.concatMapStrings (i: space + i + break) items + close + closing;
        in
        if isString v then
          builtins.toJSON (builtins.unsafeDiscardStringContext v)
        else if isInt v || isFloat v || isPath v then
          toString v
        else if isBool v then
          lib.boolToString v
        else if v == null then
          "null"
        else if isFunction v then
          "<function>"
        else if isList v then
          if v == [ ] then
            "[ ]"
          else if left == 0 then
            "[ … ]"
          else
            block "[" (map (go (left - 1) inside) v) "]"
        else if allowPrettyValues && v ? __pretty && v ? val then
          v.__pretty v.val
        else if lib.isDerivation v then
          "<derivation ${v.name or "???"}>"
        else if v == { } then
          "{ }"
        else if v ? __functor then
          "<function>"
        else if left == 0 then
          "{ … }"
        else
          block "{" (mapAttrsToList (n: x: "${lib.escapeNixIdentifier n} = ${go (left - 1) inside x};") v) "}";
    in
    go depth indent;

  mkLuaInline = expr: {
    _type = "lua-inline";
    inherit expr;
  };
  toLua =
    args: v:
    if v == null then
      "nil"
    else if isAttrs v && v._type or null == "lua-inline" then
      "(${v.expr})"
    else if isAttrs v && !lib.isStringLike v then
      "{ ${concatStringsSep ", " (mapAttrsToList (n: x: "[${builtins.toJSON n}] = ${toLua args x}") v)} }"
    else if isList v then
      "{ ${concatStringsSep ", " (map (toLua args) v)} }"
    else
      builtins.toJSON (if isPath v || v ? outPath then toString v else v);

  withRecursion = _: value: value;
  toDhall = _: builtins.toJSON;
}
