# Derivations as values.
{ lib }:
{
  lazyDerivation =
    {
      derivation,
      meta ? null,
      passthru ? { },
      outputs ? [ "out" ],
    }:
    derivation // passthru // lib.optionalAttrs (meta != null) { inherit meta; };
  optionalDrvAttr = condition: value: if condition then value else null;
  warnOnInstantiate = message: drv: drv // { drvPath = lib.warn message drv.drvPath; };
}
