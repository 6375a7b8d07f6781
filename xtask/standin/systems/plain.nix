# A configuration as plain data for JSON. Everything is forced on the way, so a conflict or type error anywhere is found.
# String context is dropped: what the result depends on is listed apart.
{ lib }:
let
  # A file by its content, as a real configuration would copy it: where the repository is does not matter. In pure evaluation only
  # what is below a path of the store may be looked at.
  file =
    path:
    let
      name = baseNameOf path;
      folder = dirOf (toString path);
      readable = builtins ? currentSystem || lib.hasPrefix "${builtins.storeDir}/" folder;
      regular = builtins.pathExists path && (builtins.readDir (dirOf path)).${name} or null == "regular";
    in
    if readable && regular then "<file ${name} ${builtins.hashFile "sha256" path}>" else toString path;

  plain =
    value:
    if builtins.isString value then
      builtins.unsafeDiscardStringContext value
    else if builtins.isPath value then
      file value
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
