# `lib` as home-manager's modules see it: with `lib.hm`.
{ lib }:
lib.extend (
  final: prev:
  let
    entry = after: before: data: { inherit after before data; };
  in
  {
    hm = {
      dag = {
        entryAnywhere = entry [ ] [ ];
        entryAfter = after: entry after [ ];
        entryBefore = entry [ ];
        entryBetween = before: after: entry after before;
        isEntry = value: value ? data && value ? after && value ? before;
      };
      gvariant = prev.gvariant;
      types = {
        dagOf = prev.types.attrsOf;
        gvariant = prev.types.anything;
        fontType = prev.types.anything;
        nushellValue = prev.types.anything;
      };
      maintainers = prev.maintainers;
      shell = {
        export = name: value: "export ${name}=${prev.escapeShellArg value}";
        exportAll = values: prev.concatStringsSep "\n" (prev.mapAttrsToList final.hm.shell.export values);
      };
      strings.storeFileName = path: "hm_${prev.sanitizeDerivationName (baseNameOf path)}";
      nushell.mkNushellInline = expr: { inherit expr; _type = "nushell-inline"; };
      generators.toKDL = _: builtins.toJSON;
    };
  }
)
