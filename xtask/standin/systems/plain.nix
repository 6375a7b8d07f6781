# A configuration as plain data for JSON. Everything is forced on the way, so a conflict or type error anywhere is found.
# String context is dropped: what the result depends on is listed apart.
{ lib }:
let
  plain =
    value:
    if builtins.isString value then
      builtins.unsafeDiscardStringContext value
    else if builtins.isPath value then
      toString value
    else if builtins.isFunction value then
      "<function>"
    else if builtins.isList value then
      map plain value
    else if !builtins.isAttrs value then
      value
    else if lib.isDerivation value then
      "<derivation ${value.name}>"
    else if value ? outPath then
      builtins.unsafeDiscardStringContext "${value.outPath}"
    else if value ? _type then
      "<${value._type}>"
    else if value ? __functor then
      "<function>"
    else
      builtins.mapAttrs (_: plain) value;
in
plain
