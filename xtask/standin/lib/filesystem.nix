# Reading directories.
{ lib }:
let
  inherit (builtins) attrNames concatMap pathExists readDir;
in
rec {
  pathType = path: (readDir (dirOf path)).${baseNameOf path};
  pathIsDirectory = path: pathExists path && (baseNameOf path == "" || pathType path == "directory");
  pathIsRegularFile = path: pathExists path && pathType path == "regular";
  pathIsGitRepo = _: false;
  listFilesRecursive =
    dir:
    let
      entries = readDir dir;
    in
    concatMap (
      name:
      if entries.${name} == "directory" then listFilesRecursive (dir + "/${name}") else [ (dir + "/${name}") ]
    ) (attrNames entries);
  packagesFromDirectoryRecursive =
    {
      callPackage,
      directory,
      ...
    }@args:
    if pathExists (directory + "/package.nix") then
      callPackage (directory + "/package.nix") { }
    else
      lib.concatMapAttrs (
        name: type:
        let
          path = directory + "/${name}";
        in
        if type == "directory" then
          { ${name} = packagesFromDirectoryRecursive (args // { directory = path; }); }
        else if lib.hasSuffix ".nix" name then
          { ${lib.removeSuffix ".nix" name} = callPackage path { }; }
        else
          { }
      ) (readDir directory);
  resolveDefaultNix = path: if pathIsDirectory path then path + "/default.nix" else path;
}
