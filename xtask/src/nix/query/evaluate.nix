# Evaluates outputs one after the other, each to its derivation and then to the facts that rules read.
#
# Every step is announced by one line of trace: `token` and a JSON object. What ends the process is thereby the fault of the item
# announced last, and everything said before stands: one failing output costs only itself, and its message is Nix's own.
#
# `flakeOf` gives the flake that an item, by its index, is of.
flakeOf:
{
  # what tells our lines from the flake's own traces
  token,
  # { index; path; derivation = [ paths ]; kind = its word; configuration = whether facts are read; asked = what xtask.toml
  # expects something of, as attribute.nix reads it; }
  items,
}:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    foldl'
    getContext
    head
    isAttrs
    isString
    listToAttrs
    match
    seq
    tail
    toJSON
    trace
    ;

  facts = import ./facts.nix;
  attribute = import ./attribute.nix;

  say = finding: value: trace "${token}${toJSON finding}" value;

  has =
    path: value:
    path == [ ]
    || (isAttrs value && value ? ${head path} && has (tail path) value.${head path});
  get = path: value: if path == [ ] then value else get (tail path) value.${head path};

  # what is to be built: a derivation, or a string whose context names one (an app's program)
  buildable =
    value:
    if isAttrs value && value.type or null == "derivation" then
      { inherit (value) drvPath system; }
    else if isString value then
      let
        derivations = filter (path: match ".*\\.drv" path != null) (attrNames (getContext value));
      in
      {
        drvPath = if derivations == [ ] then null else head derivations;
        system = null;
      }
    else
      throw "this is not a derivation";

  derivationOf =
    item: value:
    let
      present = filter (path: has path value) item.derivation;
    in
    if present == [ ] then
      throw "this has no `${concatStringsSep "' nor `" (map (concatStringsSep ".") item.derivation)}', so it is not a ${item.kind}"
    else
      buildable (get (head present) value);

  evaluate =
    item:
    let
      value = get item.path (flakeOf item.index).outputs;
      built = derivationOf item value;
      system = value.pkgs.stdenv.hostPlatform.system or null;
      read = facts.read item.kind value // {
        attributes = listToAttrs (
          map (asked: {
            inherit (asked) name;
            value = attribute (value.config or { }) asked;
          }) item.asked
        );
      };
      steps = [
        (say { begin = item.index; } null)
        (if item.configuration then say { inherit (item) index; inherit system; } null else null)
        (say { inherit (item) index; drv = built.drvPath; built = built.system; } null)
        (if item.configuration then say { inherit (item) index; facts = read; } null else null)
      ];
    in
    inOrder steps;

  inOrder = foldl' (done: step: seq step done) null;
in
inOrder (map evaluate items)
