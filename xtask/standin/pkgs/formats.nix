# `pkgs.formats`: each with the type of its values and a generator. What is written is JSON, whatever the format, except INI.
{ lib, final }:
let
  inherit (lib) types;
  valueType = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
      (types.attrsOf valueType)
      (types.listOf valueType)
    ]
    // {
      description = "structured value";
    }
  );
  json = _: {
    type = valueType;
    generate = name: value: final.writeText name (builtins.toJSON value);
  };
  scalar = types.nullOr (types.oneOf [ types.bool types.int types.float types.str ]);
  ini =
    {
      listsAsDuplicateKeys ? false,
      ...
    }:
    {
      type = types.attrsOf (types.attrsOf (if listsAsDuplicateKeys then types.either scalar (types.listOf scalar) else scalar));
      generate = name: value: final.writeText name (lib.generators.toINI { inherit listsAsDuplicateKeys; } value);
    };
in
{
  formats =
    lib.genAttrs [ "cdn" "elixirConf" "hocon" "json" "javaProperties" "libconfig" "lua" "nixConf" "php" "pythonVars" "toml" "xml" "yaml" "yaml_1_1" "yaml_1_2" ] (_: json)
    // {
      inherit ini;
      iniWithGlobalSection = json;
      gitIni = json;
      systemd = ini { listsAsDuplicateKeys = true; };
      keyValue = _: {
        type = types.attrsOf (types.either scalar (types.listOf scalar));
        generate = name: value: final.writeText name (lib.generators.toKeyValue { listsAsDuplicateKeys = true; } value);
      };
    };
}
