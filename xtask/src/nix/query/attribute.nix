# One attribute of a configuration that xtask.toml expects something of, as data that is bounded: "absent", "throws", or { value; }.
#
# A function is `<function>`, a package its name; what is below too many levels, or in a set of too many, is not looked at. What a
# value throws costs that value alone; what `tryEval` cannot catch ends the reading of this configuration's facts.
config:
{
  # how Rust calls it
  name,
  # its path below `config`
  path,
  # whether the values of a set are wanted too, and not only their names
  deep,
}:
let
  inherit (builtins)
    attrNames
    deepSeq
    head
    isAttrs
    isFunction
    isList
    isPath
    isString
    length
    mapAttrs
    seq
    tail
    tryEval
    unsafeDiscardStringContext
    ;

  deepest = 4;
  widest = 256;

  has = path: value: path == [ ] || (isAttrs value && value ? ${head path} && has (tail path) value.${head path});
  get = path: value: if path == [ ] then value else get (tail path) value.${head path};

  guarded =
    fallback: value:
    let
      attempt = tryEval value;
    in
    if attempt.success then attempt.value else fallback;

  isPackage = value: isAttrs value && guarded null (value.type or null) == "derivation";

  plain =
    depth: value:
    if isPackage value then
      guarded "<package>" (unsafeDiscardStringContext value.name)
    else if isFunction value || (isAttrs value && value ? __functor) then
      "<function>"
    else if isString value then
      unsafeDiscardStringContext value
    else if isPath value then
      toString value
    else if isList value then
      if depth == 0 then "<list>" else map (below depth) value
    else if !isAttrs value then
      value
    else if depth == 0 then
      "<set>"
    else if length (attrNames value) > widest then
      names value
    else
      mapAttrs (_: below depth) value;

  below = depth: value: guarded "<an error>" (seq value (plain (depth - 1) value));
  names = mapAttrs (_: _: "<not read>");

  value = get path config;
  isSet = isAttrs value && !isPackage value && !(value ? __functor);
  answer =
    if !has path config then
      "absent"
    else
      { value = if isSet && !deep then names value else plain deepest value; };
in
guarded "throws" (deepSeq answer answer)
