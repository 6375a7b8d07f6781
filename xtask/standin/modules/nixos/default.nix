# The NixOS options that configurations commonly read or rely on the type of. All others are free-form.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkEnableOption mkOption types;
  freeFormSet =
    modules:
    mkOption {
      default = { };
      type = types.attrsOf (
        types.submoduleWith {
          shorthandOnlyDefinesConfig = true;
          freeForm = true;
          inherit modules;
        }
      );
    };
  ports = mkOption {
    type = types.listOf types.port;
    default = [ ];
  };
  strings = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
in
{
  imports = [ ../shared/host.nix ];

  options = {
    networking = {
      hostName = mkOption {
        type = types.strMatching "^$|^[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?$";
        default = "nixos";
      };
      domain = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
      firewall = {
        enable = mkOption {
          type = types.bool;
          default = true;
        };
        allowedTCPPorts = ports;
        allowedUDPPorts = ports;
      };
    };
    users = {
      users = freeFormSet [
        (import ../shared/user.nix {
          defaultHome = name: user: if user.isNormalUser then "/home/${name}" else "/var/empty";
          defaultShell = config.users.defaultUserShell;
        })
      ];
      defaultUserShell = mkOption {
        type = types.either types.path types.package;
        default = pkgs.bashInteractive;
      };
      mutableUsers = mkOption {
        type = types.bool;
        default = true;
      };
    };
    system = {
      stateVersion = mkOption {
        type = types.strMatching "[0-9]{2}\\.[0-9]{2}";
        default = lib.trivial.release;
      };
      name = mkOption {
        type = types.str;
        default = config.networking.hostName;
      };
    };
    environment.sessionVariables = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
    i18n.defaultLocale = mkOption {
      type = types.str;
      default = "en_US.UTF-8";
    };
    fileSystems = freeFormSet [
      (
        { name, ... }:
        {
          options.mountPoint = mkOption {
            type = types.str;
            default = name;
          };
        }
      )
    ];
    systemd = {
      services = freeFormSet [ ];
      timers = freeFormSet [ ];
      user.services = freeFormSet [ ];
      packages = mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
      tmpfiles.rules = strings;
    };
    boot = {
      isContainer = mkOption {
        type = types.bool;
        default = false;
      };
      kernelModules = strings;
      kernelParams = strings;
      kernelPackages = mkOption {
        type = types.raw;
        default = pkgs.mkStandInPackage { name = "linux-packages"; };
      };
      initrd.availableKernelModules = strings;
      initrd.kernelModules = strings;
      loader = {
        grub.enable = mkOption {
          type = types.bool;
          default = !config.boot.isContainer;
        };
        systemd-boot.enable = mkEnableOption "systemd-boot";
      };
    };
    services.openssh.enable = mkEnableOption "the OpenSSH daemon";
  };

  config = {
    programs.bash.enable = lib.mkOverride 1400 true;
    system.build = lib.genAttrs [ "isoImage" "sdImage" "vm" ] (
      image: lib.mkOptionDefault (pkgs.mkStandInPackage { name = "${image}-${config.system.name}"; })
    );
  };
}
