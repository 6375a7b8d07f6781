# What is read from hosts and homes.
{ lib }:
let
  systems = import ../systems;
  nixos =
    module:
    systems.nixosSystem {
      modules = [
        module
        {
          networking.hostName = "web";
          nixpkgs.hostPlatform = "x86_64-linux";
        }
      ];
    };
  darwin =
    module:
    systems.nix-darwin.lib.darwinSystem {
      modules = [
        module
        {
          networking.hostName = "mac";
          nixpkgs.hostPlatform = "aarch64-darwin";
        }
      ];
    };
  sops = {
    imports = [ systems.sops-nix.nixosModules.sops ];
    sops.defaultSopsFile = ./default.nix;
    sops.age.sshKeyPaths = [ "/key" ];
  };
  withHome =
    class: module:
    {
      imports = [ systems.home-manager."${class}Modules".home-manager ];
      users.users.ada.isNormalUser = class == "nixos";
      home-manager.extraSpecialArgs.extra = "e";
      home-manager.users.ada.imports = [ module { home.stateVersion = "25.11"; } ];
    };
in
{
  equal = {
    toplevel-says-stand-in = {
      expr = (nixos { }).config.system.build.toplevel.name;
      expected = "nixos-system-web-stand-in";
    };
    darwin-system = {
      expr = (darwin { }).system.name;
      expected = "darwin-system-mac-stand-in";
    };
    foreign-system = {
      expr = (darwin { }).system.system;
      expected = "aarch64-darwin";
    };
    platform = {
      expr = (nixos { }).pkgs.stdenv.hostPlatform.system;
      expected = "x86_64-linux";
    };
    system-argument = {
      expr = (systems.nixosSystem { system = "aarch64-linux"; }).pkgs.stdenv.hostPlatform.system;
      expected = "aarch64-linux";
    };
    home-of-normal-user = {
      expr = (nixos { users.users.ada.isNormalUser = true; }).config.users.users.ada.home;
      expected = "/home/ada";
    };
    home-of-service = {
      expr = (nixos { users.users.www.isSystemUser = true; }).config.users.users.www.home;
      expected = "/var/empty";
    };
    default-cache-comes-last = {
      expr = (nixos { nix.settings.substituters = [ "https://example.org" ]; }).config.nix.settings.substituters;
      expected = [ "https://example.org" "https://cache.nixos.org/" ];
    };
    primary-user = {
      expr = (darwin { system.primaryUser = "ada"; }).config.system.primaryUser;
      expected = "ada";
    };
    overlay-of-host = {
      expr = (nixos { nixpkgs.overlays = [ (_: _: { mine = 5; }) ]; }).pkgs.mine;
      expected = 5;
    };
    user-module-of-nixos = {
      expr =
        (nixos (withHome "nixos" ({ extra, osConfig, ... }: { home.file.x.text = extra + osConfig.networking.hostName; })))
        .config.home-manager.users.ada.home.file.x.text;
      expected = "eweb";
    };
    user-home-directory-of-nixos = {
      expr = (nixos (withHome "nixos" { })).config.home-manager.users.ada.home.homeDirectory;
      expected = "/home/ada";
    };
    user-home-directory-of-darwin = {
      expr = (darwin (withHome "darwin" { })).config.home-manager.users.ada.home.homeDirectory;
      expected = "/Users/ada";
    };
    shared-modules = {
      expr =
        (nixos {
          imports = [ (withHome "nixos" { }) ];
          home-manager.sharedModules = [ { xdg.enable = true; } ];
        }).config.home-manager.users.ada.xdg.enable;
      expected = true;
    };
    home-manager-library = {
      expr =
        (nixos (withHome "nixos" ({ lib, ... }: { home.activation.x = lib.hm.dag.entryAfter [ "writeBoundary" ] "true"; })))
        .config.home-manager.users.ada.home.activation.x.after;
      expected = [ "writeBoundary" ];
    };
    secret-defaults = {
      expr =
        let
          secret = (nixos { imports = [ sops ]; sops.secrets."a/b" = { }; }).config.sops.secrets."a/b";
        in
        [ secret.key secret.path secret.format secret.mode ];
      expected = [ "a/b" "/run/secrets/a/b" "yaml" "0400" ];
    };
    secret-for-users = {
      expr = (nixos { imports = [ sops ]; sops.secrets.pw.neededForUsers = true; }).config.sops.secrets.pw.path;
      expected = "/run/secrets-for-users/pw";
    };
    placeholder = {
      expr =
        builtins.attrNames
          (nixos { imports = [ sops ]; sops.secrets.pw = { }; }).config.sops.placeholder;
      expected = [ "pw" ];
    };
    etc-file = {
      expr = (nixos { environment.etc."x/y".text = "t"; }).config.environment.etc."x/y".source.name;
      expected = "etc-y";
    };
  };

  throws = {
    no-platform = {
      expr = (systems.nixosSystem { }).config.system.build.toplevel.drvPath;
      message = "The option `nixpkgs.hostPlatform' was accessed but has no value defined.";
    };
    host-name-of-wrong-type = {
      expr = (nixos { networking.hostName = lib.mkForce 5; }).config.networking.hostName;
      message = "A definition for option `networking.hostName' is not of type `string matching the pattern";
    };
    conflict-reaches-toplevel = {
      expr =
        (nixos {
          imports = [ { _file = "one.nix"; services.x.port = 1; } { _file = "two.nix"; services.x.port = 2; } ];
        }).config.system.build.toplevel.drvPath;
      message = "The option `services.x.port' has conflicting definition values:\n- In `two.nix': 2\n- In `one.nix': 1";
    };
    missing-sops-file = {
      expr =
        (nixos {
          imports = [ sops ];
          sops.secrets.pw.sopsFile = "/nowhere.yaml";
        }).config.system.build.toplevel.drvPath;
      message = "Cannot find path '/nowhere.yaml' set in sops.secrets.pw.sopsFile";
    };
    age-key-in-store = {
      expr =
        (nixos {
          imports = [ sops ];
          sops.age.keyFile = "${builtins.storeDir}/00000000000000000000000000000000-key";
        }).config.sops.age.keyFile;
      message = "A definition for option `sops.age.keyFile' is not of type `null or path not in the Nix store'";
    };
    home-without-state-version = {
      expr =
        (systems.home-manager.lib.homeManagerConfiguration {
          pkgs = (import ../pkgs).shared.x86_64-linux;
          modules = [ { home.username = "ada"; home.homeDirectory = "/home/ada"; } ];
        }).activationPackage.drvPath;
      message = "The option `home.stateVersion' was accessed but has no value defined.";
    };
  };
}
