# What the inputs called nixpkgs, nix-darwin, home-manager and sops-nix export.
let
  inherit (import ../pkgs) lib;

  # Modules as sets: `nix flake check` of Nix 2.8 refuses bare paths.
  homeManagerModule = {
    key = "stand-in home-manager";
    imports = [ ../modules/shared/home-manager.nix ];
  };
  sopsModule = kind: {
    key = "stand-in sops-nix for ${kind}";
    _file = "sops-nix";
    imports = [ (import ../modules/sops kind) ];
  };
  darwinSystem = import ./host.nix {
    inherit lib;
    class = "darwin";
    baseModules = [ ../modules/darwin ];
  };
  homeModules = {
    sops = sopsModule "home";
    default = sopsModule "home";
  };
in
{
  nixosSystem = import ./host.nix {
    inherit lib;
    class = "nixos";
    baseModules = [ ../modules/nixos ];
  };

  nix-darwin = {
    lib = {
      inherit darwinSystem;
      evalConfig = darwinSystem;
    };
    packages = lib.mapAttrs (_: pkgs: {
      darwin-rebuild = pkgs.mkStandInPackage { name = "darwin-rebuild"; };
      default = pkgs.mkStandInPackage { name = "darwin-rebuild"; };
    }) (import ../pkgs).shared;
    overlays.default = _: _: { };
    darwinModules = { };
  };

  home-manager = {
    lib = {
      homeManagerConfiguration = import ./home.nix {
        inherit lib;
        baseModules = [ ../modules/home ];
      };
      inherit (import ../lib/home-manager.nix { inherit lib; }) hm;
    };
    nixosModules = {
      home-manager = homeManagerModule;
      default = homeManagerModule;
    };
    darwinModules = {
      home-manager = homeManagerModule;
      default = homeManagerModule;
    };
    flakeModules = {
      home-manager = { };
      default = { };
    };
    packages = lib.mapAttrs (_: pkgs: {
      home-manager = pkgs.mkStandInPackage { name = "home-manager"; };
      default = pkgs.mkStandInPackage { name = "home-manager"; };
    }) (import ../pkgs).shared;
  };

  sops-nix = {
    nixosModules = {
      sops = sopsModule "nixos";
      default = sopsModule "nixos";
    };
    darwinModules = {
      sops = sopsModule "darwin";
      default = sopsModule "darwin";
    };
    inherit homeModules;
    homeManagerModules = homeModules;
    homeManagerModule = homeModules.sops;
    overlays.default = _: prev: {
      sops-install-secrets = prev.mkStandInPackage { name = "sops-install-secrets"; };
    };
    packages = lib.mapAttrs (_: pkgs: {
      sops-install-secrets = pkgs.mkStandInPackage { name = "sops-install-secrets"; };
      default = pkgs.mkStandInPackage { name = "sops-install-secrets"; };
    }) (import ../pkgs).shared;
  };
}
