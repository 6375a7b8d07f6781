# Path arithmetic.
{ lib }:
{
  append = path: sub: path + "/${sub}";
  hasPrefix = prefix: path: lib.hasPrefix "${toString prefix}/" "${toString path}/";
  removePrefix = prefix: path: "./${lib.removePrefix "${toString prefix}/" (toString path)}";
  subpath = {
    isValid = sub: builtins.isString sub && sub != "" && !lib.hasPrefix "/" sub && !builtins.elem ".." (lib.splitString "/" sub);
    join = lib.concatStringsSep "/";
    normalise = lib.id;
  };
}
