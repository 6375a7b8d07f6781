# Calling package functions and overriding what they return.
{ lib }:
rec {
  makeOverridable =
    f:
    lib.mirrorFunctionArgs f (
      args:
      let
        result = f args;
        change = new: args // (if lib.isFunction new then new args else new);
      in
      if builtins.isAttrs result then
        result
        // {
          override = new: makeOverridable f (change new);
          overrideDerivation = g: makeOverridable (a: overrideDerivation (f a) g) args;
        }
        // lib.optionalAttrs (result ? overrideAttrs) {
          overrideAttrs = g: makeOverridable (a: (f a).overrideAttrs g) args;
        }
      else if lib.isFunction result then
        lib.setFunctionArgs result (lib.functionArgs result) // { override = new: makeOverridable f (change new); }
      else
        result
    );
  overrideDerivation = drv: f: drv.overrideAttrs f;

  callPackageWith =
    scope: fn: given:
    let
      f = if lib.isFunction fn then fn else import fn;
      wanted = lib.functionArgs f;
      args = builtins.intersectAttrs wanted scope // given;
      missing = builtins.filter (n: !wanted.${n} && !args ? ${n}) (builtins.attrNames wanted);
    in
    if missing == [ ] then
      makeOverridable f args
    else
      throw "Function called without required argument \"${builtins.head missing}\"${
        lib.optionalString (!lib.isFunction fn) " at ${toString fn}"
      }";
  callPackagesWith =
    scope: fn: given:
    let
      f = if lib.isFunction fn then fn else import fn;
    in
    f (builtins.intersectAttrs (lib.functionArgs f) scope // given);
  extendDerivation =
    condition: passthru: drv:
    drv // passthru // { outPath = assert condition; drv.outPath; };
  hydraJob = lib.id;

  makeScope = makeScopeWithSplicing' { };
  makeScopeWithSplicing' =
    _: newScope: f:
    let
      self = f self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = overlay: makeScope newScope (lib.extends overlay f);
        packages = f;
      };
    in
    self;
}
