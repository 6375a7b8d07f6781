# A generated fleet: one host for each file of `hosts`, all with the same shared modules.
{
  inputs.nixpkgs.url = "@standin@";

  outputs =
    { nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      files = folder: map (file: folder + "/${file}") (builtins.attrNames (builtins.readDir folder));
      shared = files ./modules;
      host =
        file:
        lib.nixosSystem {
          modules = [
            ./host.nix
            file
          ]
          ++ shared;
        };
    in
    {
      nixosConfigurations = builtins.listToAttrs (
        map (file: {
          name = lib.removeSuffix ".nix" (baseNameOf file);
          value = host file;
        }) (files ./hosts)
      );
    };
}
