# Fixed points and overlays: the same functions serve `lib.extend` and the package set, so they depend on nothing.
rec {
  fix =
    f:
    let
      x = f x;
    in
    x;

  fix' =
    f:
    let
      x = f x // {
        __unfix__ = f;
      };
    in
    x;

  converge =
    f: x:
    let
      next = f x;
    in
    if next == x then x else converge f next;

  extends =
    overlay: f: final:
    let
      prev = f final;
    in
    prev // overlay final prev;

  composeExtensions =
    f: g: final: prev:
    let
      first = f final prev;
    in
    first // g final (prev // first);

  composeManyExtensions =
    overlays: final: prev:
    (builtins.foldl' (
      { attrs, all }:
      overlay:
      let
        added = overlay final all;
      in
      {
        attrs = attrs // added;
        all = all // added;
      }
    ) { attrs = { }; all = prev; } overlays).attrs;

  makeExtensible = makeExtensibleWithCustomName "extend";

  makeExtensibleWithCustomName =
    name: f:
    fix' (
      self:
      f self
      // {
        ${name} = overlay: makeExtensibleWithCustomName name (extends overlay f);
      }
    );

  # An argument set or a function of the final one, as `stdenv.mkDerivation` takes them.
  toExtension =
    extension:
    if builtins.isFunction extension then
      final: prev:
      let
        once = extension final;
      in
      if builtins.isFunction once then once prev else extension prev
    else
      _: _: extension;
}
