# Stub packages. A repository may name any of nixpkgs' packages, so every identifier that occurs in its Nix files is one: a file
# that says what it stands for, built by /bin/sh. All lazy, and made once per system.
{ lib }:
let
  settings = lib.importJSON ../generated/settings.json;
  mentioned = lib.importJSON ../generated/identifiers.json;
  always = [
    "bash"
    "bashInteractive"
    "coreutils"
    "fish"
    "gcc"
    "git"
    "nix"
    "nushell"
    "zsh"
  ];

  # Names that mean something else where a package set or a derivation is expected.
  reserved = [
    "_file"
    "_type"
    "all"
    "class"
    "config"
    "disabledModules"
    "drvPath"
    "enable"
    "freeformType"
    "imports"
    "key"
    "lib"
    "meta"
    "name"
    "options"
    "out"
    "outPath"
    "outputs"
    "recurseForDerivations"
    "sourceInfo"
    "system"
    "text"
    "type"
    "value"
    "__functor"
    "__toString"
  ];
  names = builtins.attrNames (
    removeAttrs (lib.genAttrs (always ++ mentioned) (_: null)) (
      reserved ++ builtins.attrNames lib ++ builtins.attrNames builtins
    )
  );

  # What an environment variable can hold on Linux, less some room; longer texts go through a file.
  longestVariable = 100000;
  fromVariable = ''
    for output in $outputs; do
      eval "path=\$$output"
      printf '%s' "$text" > "$path"
    done
  '';
  fromFile = ''
    for output in $outputs; do
      eval "path=\$$output"
      while IFS= read -r line; do printf '%s\n' "$line"; done < "$textPath" > "$path"
    done
  '';

  forSystem =
    system:
    let
      # A derivation whose outputs are files with this text. It needs a shell and its builtins, nothing else.
      file =
        name: text: attrs:
        let
          isLong = builtins.stringLength text > longestVariable;
        in
        derivation (
          {
            inherit system;
            name = lib.sanitizeDerivationName name;
            builder = settings.shell;
            outputs = [ "out" ];
            args = [
              "-c"
              (if isLong then fromFile else fromVariable)
            ];
            text = if isLong then text + "\n" else text;
            # An attribute in any case: its presence must not depend on the text, which may be a whole configuration.
            passAsFile = lib.optional isLong "text";
            preferLocalBuild = true;
            allowSubstitutes = false;
          }
          // attrs
        );

      # A package with what people commonly read of one. Its members are packages, for sets such as `python3Packages`.
      package =
        {
          name,
          text ? "stand-in for the package ${name}\n",
          attrs ? { },
          passthru ? { },
          ...
        }:
        let
          self =
            members
            // file "${name}-stand-in" text attrs
            // {
              pname = name;
              version = "0";
              inherit name;
              meta = {
                mainProgram = name;
                description = "stand-in for ${name}";
              };
              passthru = { };
              pkgs = self;
              override = _: self;
              overrideAttrs = _: self;
              overridePythonAttrs = _: self;
              overrideDerivation = _: self;
              overrideScope = _: self;
              extend = _: self;
              withPackages = _: self;
              withExtensions = _: self;
              withPlugins = _: self;
              __functor = _: _: self;
            }
            // passthru;
        in
        self;
      members = lib.genAttrs names (name: package { inherit name; });
    in
    {
      inherit file package members;
    };
in
lib.genAttrs lib.systems.flakeExposed forSystem
