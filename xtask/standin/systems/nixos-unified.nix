# nixos-unified: hosts, homes, modules and overlays wired to outputs by where their files are.
{ lib }:
let
  flake-parts = import ./flake-parts.nix { inherit lib; };

  # X.nix and X/default.nix of a folder by name; anything else is passed over, a folder wins over a file.
  nixFiles =
    dir:
    let
      entries = if builtins.pathExists dir then builtins.readDir dir else { };
      isFolder = name: entries.${name} == "directory" && builtins.pathExists "${dir}/${name}/default.nix";
      files = builtins.filter (n: entries.${n} == "regular" && lib.hasSuffix ".nix" n) (builtins.attrNames entries);
      folders = builtins.filter isFolder (builtins.attrNames entries);
    in
    lib.listToAttrs (map (n: lib.nameValuePair (lib.removeSuffix ".nix" n) "${dir}/${n}") files)
    // lib.genAttrs folders (n: "${dir}/${n}");

  builders =
    {
      self,
      inputs,
      config,
      ...
    }:
    let
      specialArgs.flake = { inherit self inputs config; };
      homeModule = {
        home-manager = {
          useGlobalPkgs = true;
          useUserPackages = true;
          extraSpecialArgs = specialArgs;
        };
      };
      common.nix.settings = {
        max-jobs = lib.mkDefault "auto";
        experimental-features = lib.mkDefault "nix-command flakes";
      };
    in
    {
      mkLinuxSystem =
        {
          home-manager ? false,
        }:
        module:
        inputs.nixpkgs.lib.nixosSystem {
          inherit specialArgs;
          modules = [
            common
            module
          ]
          ++ lib.optionals home-manager [
            inputs.home-manager.nixosModules.home-manager
            homeModule
          ];
        };
      mkMacosSystem =
        {
          home-manager ? false,
        }:
        module:
        inputs.nix-darwin.lib.darwinSystem {
          specialArgs = specialArgs // {
            rosettaPkgs = inputs.nixpkgs.legacyPackages.x86_64-darwin;
          };
          modules = [
            common
            module
          ]
          ++ lib.optionals home-manager [
            inputs.home-manager.darwinModules.home-manager
            homeModule
          ];
        };
      mkHomeConfiguration =
        pkgs: module:
        inputs.home-manager.lib.homeManagerConfiguration {
          inherit pkgs;
          modules = [
            module
            (
              { config, ... }:
              {
                home.homeDirectory = lib.mkDefault "/${
                  if pkgs.stdenv.hostPlatform.isDarwin then "Users" else "home"
                }/${config.home.username}";
              }
            )
          ];
          extraSpecialArgs = specialArgs;
        };
    };

  baseModule = args: {
    _file = "nixos-unified";
    flake.nixos-unified.lib = builders args;
    perSystem =
      { pkgs, ... }:
      {
        packages = lib.genAttrs [ "activate" "update" ] (
          name: lib.mkDefault (pkgs.mkStandInPackage { inherit name; })
        );
      };
  };

  autoWire =
    args@{ self, ... }:
    let
      make = builders args;
      files = path: nixFiles "${self}/${path}";
      system = build: path: lib.mapAttrs (_: file: build { home-manager = true; } file) (files path);
      modules = path: lib.mapAttrs (_: file: { imports = [ file ]; }) (files path);
    in
    {
      _file = "nixos-unified, autowiring";
      flake = {
        nixosConfigurations = system make.mkLinuxSystem "configurations/nixos";
        darwinConfigurations = system make.mkMacosSystem "configurations/darwin";
        nixosModules = modules "modules/nixos";
        darwinModules = modules "modules/darwin";
        homeModules = modules "modules/home";
        overlays = lib.mapAttrs (_: file: import file { flake = { inherit (args) self inputs config; }; }) (
          files "overlays"
        );
      };
      perSystem =
        { pkgs, ... }:
        {
          legacyPackages.homeConfigurations = lib.mapAttrs (_: make.mkHomeConfiguration pkgs) (
            files "configurations/home"
          );
        };
    };

  mkFlake =
    {
      inputs,
      root,
      systems ? [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ],
      specialArgs ? { },
    }:
    let
      folder = lib.findFirst builtins.pathExists null (
        map (path: root + "/${path}") [
          "modules/flake"
          "nix/modules/flake"
          "modules/flake-parts"
          "nix/modules/flake-parts"
        ]
      );
    in
    flake-parts.lib.mkFlake { inherit inputs specialArgs; } {
      inherit systems;
      _module.args = { inherit root; };
      imports = [
        baseModule
        autoWire
      ]
      ++ lib.optionals (folder != null) (
        map (name: folder + "/${name}") (builtins.attrNames (builtins.readDir folder))
      );
    };
in
{
  lib = { inherit mkFlake; };
  flakeModules = {
    default = baseModule;
    inherit autoWire;
  };
  flakeModule = baseModule;
}
