# Command lines from attribute sets.
{ lib }:
rec {
  toGNUCommandLine =
    {
      mkOptionName ? (k: if builtins.stringLength k == 1 then "-${k}" else "--${k}"),
      mkBool ? (k: v: lib.optional v (mkOptionName k)),
      mkList ? (k: v: builtins.concatMap (mkOption k) v),
      mkOption ? (
        k: v:
        if v == null then
          [ ]
        else if optionValueSeparator == null then
          [ (mkOptionName k) (toString v) ]
        else
          [ "${mkOptionName k}${optionValueSeparator}${toString v}" ]
      ),
      optionValueSeparator ? null,
    }:
    options:
    let
      render =
        k: v:
        if builtins.isBool v then
          mkBool k v
        else if builtins.isList v then
          mkList k v
        else
          mkOption k v;
    in
    builtins.concatLists (lib.mapAttrsToList render options);
  toGNUCommandLineShell = settings: options: lib.escapeShellArgs (toGNUCommandLine settings options);
  toCommandLineGNU = settings: toGNUCommandLine settings;
  toCommandLineShellGNU = toGNUCommandLineShell;
}
