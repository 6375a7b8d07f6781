# Trivial builders. None runs a user's script: offline there is nothing to run it with. Each records its text and what it refers to.
{
  lib,
  system,
  file,
  package,
}:
let
  inherit (builtins) isAttrs isList;
  settings = lib.importJSON ../generated/settings.json;

  inputNames = [
    "buildInputs"
    "checkInputs"
    "depsBuildBuild"
    "nativeBuildInputs"
    "nativeCheckInputs"
    "packages"
    "paths"
    "propagatedBuildInputs"
    "runtimeInputs"
  ];
  isReference = x: builtins.isString x || builtins.isPath x || (isAttrs x && x ? outPath);
  references =
    attrs:
    builtins.filter isReference (
      lib.flatten (map (name: attrs.${name} or [ ]) inputNames ++ [ (attrs.src or [ ]) ])
    );

  # mkDerivation: attributes, or a function of the final ones.
  mkStandInPackage =
    given:
    let
      resolve = f: if lib.isFunction f then lib.fix (final: f (final // { finalPackage = self; })) else f;
      attrs = resolve given;
      name = attrs.name or "${attrs.pname or "unnamed"}-${toString (attrs.version or "0")}";
      shown =
        "stand-in for the package ${name}\n"
        + lib.concatMapStrings (r: "${r}\n") (references attrs)
        + attrs.recorded or "";
      self =
        package { inherit name; }
        // removeAttrs attrs [
          "recorded"
          "passthru"
          "override"
        ]
        // file "${name}-stand-in" shown (lib.optionalAttrs (attrs ? outputs) { inherit (attrs) outputs; })
        // {
          inherit name;
          pname = attrs.pname or (lib.getName name);
          version = attrs.version or (lib.getVersion name);
          src = attrs.src or null;
          meta = {
            mainProgram = attrs.pname or (lib.getName name);
          }
          // attrs.meta or { };
          passthru = attrs.passthru or { };
          override = _: self;
          overrideAttrs =
            change:
            mkStandInPackage (
              final:
              let
                old = if lib.isFunction given then given final else given;
              in
              old // lib.toExtension change final old
            );
          __toString = drv: drv.outPath;
        }
        // attrs.passthru or { };
    in
    self;

  record =
    name: recorded: attrs:
    mkStandInPackage (
      {
        inherit name recorded;
        meta.mainProgram = name;
      }
      // attrs
    );
  plainFile =
    name: text: package { inherit name; } // file "${name}-stand-in" text { } // { inherit name; };
  script = name: text: plainFile name "#!/bin/sh\n${text}";
  entries = set: lib.concatStrings (lib.mapAttrsToList (n: v: "${n} ${v}\n") set);
in
{
  inherit mkStandInPackage;

  writeText = plainFile;
  writeTextFile =
    {
      name,
      text,
      meta ? { },
      ...
    }:
    plainFile name text // { inherit meta; };
  writeTextDir = path: plainFile (baseNameOf path);
  writeScript = plainFile;
  writeShellScript = script;
  writeScriptBin = plainFile;
  writeShellScriptBin = script;
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      meta ? { },
      ...
    }:
    plainFile name (
      "#!/bin/sh\n" + lib.concatMapStrings (input: "# needs ${input}\n") runtimeInputs + text
    )
    // {
      meta = {
        mainProgram = name;
      }
      // meta;
    };
  concatText = name: files: plainFile name (lib.concatMapStrings (f: "${f}\n") files);
  concatTextFile = { name, files, ... }: plainFile name (lib.concatMapStrings (f: "${f}\n") files);
  runCommand =
    name: env: text:
    record name text env;
  runCommandLocal =
    name: env: text:
    record name text env;
  runCommandNoCC =
    name: env: text:
    record name text env;
  runCommandCC =
    name: env: text:
    record name text env;
  runCommandWith =
    {
      name,
      derivationArgs ? { },
      ...
    }:
    text: record name text derivationArgs;
  symlinkJoin =
    attrs:
    record (attrs.name or (lib.getName (builtins.head attrs.paths))) "" (removeAttrs attrs [ "name" ]);
  buildEnv = attrs: record (attrs.name or "env") "" (removeAttrs attrs [ "name" ]);
  linkFarm =
    name: links:
    plainFile name (
      if isList links then lib.concatMapStrings (l: "${l.name} ${l.path}\n") links else entries links
    );
  linkFarmFromDrvs = name: drvs: plainFile name (lib.concatMapStrings (d: "${d.name} ${d}\n") drvs);
  substitute = attrs: record (attrs.name or "substitute") "" attrs;
  substituteAll = attrs: record (attrs.name or "substituteAll") "" attrs;
  replaceVars =
    path: variables:
    plainFile (baseNameOf (toString path)) (
      "${path}\n" + lib.concatStrings (lib.mapAttrsToList (n: v: "${n} ${toString v}\n") variables)
    );
  replaceVarsWith =
    attrs: record (attrs.name or "replaceVars") "" (removeAttrs attrs [ "replacements" ]);
  applyPatches = attrs: record (attrs.name or "patched-source") "" attrs;
  emptyFile = plainFile "empty-file" "";
  emptyDirectory = plainFile "empty-directory" "";

  # `nix develop` asks for a builder called bash and for $stdenv/setup; see generated/settings.json.
  mkShell =
    attrs:
    let
      name = attrs.name or "nix-shell";
      contents = references attrs ++ lib.concatMap references (attrs.inputsFrom or [ ]);
      variables =
        lib.filterAttrs
          (_: v: builtins.isString v || builtins.isInt v || builtins.isPath v || lib.isDerivation v)
          (
            removeAttrs attrs (
              [
                "name"
                "inputsFrom"
                "meta"
                "passthru"
                "src"
              ]
              ++ inputNames
            )
            // (attrs.env or { })
          );
    in
    package { inherit name; }
    // file "${name}-stand-in" (lib.concatMapStrings (r: "${r}\n") contents) (
      variables
      // {
        builder = settings.developShell;
        stdenv = "${./shell-stdenv}";
      }
    )
    // {
      inherit name;
      inputsFrom = [ ];
      buildInputs = contents;
      shellHook = attrs.shellHook or "";
      overrideAttrs = _: package { inherit name; };
    };
}
