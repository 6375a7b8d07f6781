# Names that only the real nixpkgs can list (licences, maintainers): whatever the repository mentions exists.
{ lib }:
let
  mentioned = lib.importJSON ../generated/identifiers.json;
  named = names: f: lib.genAttrs (names ++ mentioned) f;
in
{
  licenses = named [ "mit" "asl20" "gpl3" "gpl3Only" "gpl3Plus" "gpl2" "bsd2" "bsd3" "mpl20" "unfree" "free" "isc" ] (
    name: {
      shortName = name;
      spdxId = name;
      fullName = name;
      free = name != "unfree";
    }
  );
  maintainers = named [ ] (name: {
    inherit name;
    email = "${name}@example.com";
    github = name;
    githubId = 0;
  });
  gvariant = lib.genAttrs [
    "mkArray" "mkTuple" "mkVariant" "mkUint32" "mkInt32" "mkDouble" "mkString" "mkBoolean" "mkEmptyArray" "mkDictionaryEntry" "mkMaybe" "mkNothing" "mkJust"
  ] (_: lib.id);
}
