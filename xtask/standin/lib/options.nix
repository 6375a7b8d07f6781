# Declaring options, and wording what is said of them.
{ lib }:
let
  inherit (builtins) concatStringsSep head isAttrs length match;
in
rec {
  isOption = lib.isType "option";
  mkOption = attrs: attrs // { _type = "option"; };
  mkEnableOption =
    name:
    mkOption {
      default = false;
      example = true;
      description = "Whether to enable ${name}.";
      type = lib.types.bool;
    };
  mkPackageOption =
    pkgs: name:
    {
      nullable ? false,
      default ? name,
      example ? null,
      extraDescription ? "",
      pkgsText ? "pkgs",
    }:
    let
      path = lib.toList (if default == null then name else default);
    in
    mkOption (
      {
        type = (if nullable then lib.types.nullOr else lib.id) lib.types.package;
        description = "The ${concatStringsSep "." (lib.toList name)} package to use. ${extraDescription}";
        defaultText = literalExpression "${pkgsText}.${concatStringsSep "." path}";
      }
      // lib.optionalAttrs (default != null) {
        default = lib.attrByPath path (throw "${showOption path} cannot be found in ${pkgsText}") pkgs;
      }
      // lib.optionalAttrs (example != null) { inherit example; }
    );
  mkPackageOptionMD = mkPackageOption;
  mkSinkUndeclaredOptions =
    attrs:
    mkOption (
      {
        internal = true;
        visible = false;
        default = false;
        type = lib.types.anything // {
          merge = _: _: false;
        };
      }
      // attrs
    );

  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
  literalMD = text: {
    _type = "literalMD";
    inherit text;
  };
  mdDoc = text: text;

  getValues = map (d: d.value);
  getFiles = map (d: d.file);

  # services.foo."bar.nix".enable: names that are no identifiers are quoted, placeholders are not.
  showOption =
    path:
    let
      part = name: if match "<.*>|\\*" name != null then name else lib.escapeNixIdentifier name;
    in
    concatStringsSep "." (map part path);
  showFiles = files: lib.concatMapStringsSep " and " (f: "`${toString f}'") files;

  # "\n- In `FILE': VALUE" for each definition; long values are cut, values that throw are named as such.
  showDefs =
    definitions:
    lib.concatMapStrings (
      def:
      let
        shown = builtins.tryEval (lib.generators.toPretty { depth = 4; } def.value);
        lines = lib.splitString "\n" shown.value;
        cut = if length lines > 6 then lib.take 5 lines ++ [ "..." ] else lines;
        value = if shown.success then concatStringsSep "\n    " cut else "<error while printing the value>";
      in
      "\n- In `${toString def.file}': ${value}"
    ) definitions;

  mergeDefaultOption =
    loc: defs:
    let
      values = getValues defs;
    in
    if length values == 1 then
      head values
    else if builtins.all builtins.isList values then
      builtins.concatLists values
    else if builtins.all isAttrs values then
      lib.mergeAttrsList values
    else if builtins.all builtins.isBool values then
      builtins.any lib.id values
    else if builtins.all builtins.isString values then
      lib.concatStrings values
    else
      mergeEqualOption loc defs;
  mergeOneOption = mergeUniqueOption { message = ""; };
  mergeUniqueOption =
    {
      message,
      merge ? null,
    }:
    loc: defs:
    if length defs != 1 then
      throw "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n${message}\nDefinition values:${showDefs defs}\n${priorityAdvice}"
    else if merge == null then
      (head defs).value
    else
      merge loc defs;
  mergeEqualOption =
    loc: defs:
    if defs == [ ] then
      throw "The option `${showOption loc}' has no value defined."
    else
      (builtins.foldl' (
        first: def:
        if def.value == first.value then
          first
        else
          throw "The option `${showOption loc}' has conflicting definition values:${showDefs defs}\n${priorityAdvice}"
      ) (head defs) (builtins.tail defs)).value;
  priorityAdvice = "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";

  optionAttrSetToDocList = options: map (o: { name = showOption o.loc; inherit (o) loc; }) (lib.collect isOption options);
  scrubOptionValue = lib.id;
}
