# sops-nix: the same options for all three kinds of configuration, with its checks that need no sops.
kind:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.sops;
  isHome = kind == "home";
  strings = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  optionalText = mkOption {
    type = types.nullOr types.str;
    default = null;
  };
  text =
    default:
    mkOption {
      type = types.str;
      inherit default;
    };
  pathOutsideStore = types.addCheck types.path (path: !lib.isStorePath (toString path)) // {
    description = "path not in the Nix store";
  };

  # What secrets and templates have in common: a file with an owner that units may wait for.
  ownedFile =
    { config, name, ... }:
    {
      options = {
        name = text name;
        mode = text "0400";
        restartUnits = strings;
        reloadUnits = strings;
      }
      // lib.optionalAttrs (!isHome) {
        owner = optionalText;
        group = optionalText;
        uid = mkOption {
          type = types.nullOr types.int;
          default = 0;
        };
        gid = mkOption {
          type = types.nullOr types.int;
          default = 0;
        };
      };
    };
  secret =
    { config, name, ... }:
    {
      imports = [ ownedFile ];
      options = {
        key = text (if cfg.defaultSopsKey == null then name else cfg.defaultSopsKey);
        path = text (
          if isHome then
            "${cfg.defaultSymlinkPath}/${name}"
          else if config.neededForUsers then
            "/run/secrets-for-users/${config.name}"
          else
            "/run/secrets/${config.name}"
        );
        format = mkOption {
          type = types.enum [
            "yaml"
            "json"
            "binary"
            "dotenv"
            "ini"
          ];
          default = cfg.defaultSopsFormat;
        };
        sopsFile = mkOption {
          type = types.path;
        };
      }
      // lib.optionalAttrs (!isHome) {
        neededForUsers = mkOption {
          type = types.bool;
          default = false;
        };
      };
      config.sopsFile = lib.mkOptionDefault cfg.defaultSopsFile;
    };
  template =
    { config, name, ... }:
    {
      imports = [ ownedFile ];
      options = {
        path = text (
          if isHome then "${builtins.dirOf cfg.defaultSymlinkPath}/rendered/${name}" else "/run/secrets/rendered/${name}"
        );
        content = mkOption {
          type = types.lines;
          default = "";
        };
        file = mkOption {
          type = types.path;
          default = pkgs.writeText config.name config.content;
        };
      };
    };

  hasKeySource =
    cfg.age.keyFile != null
    || cfg.age.sshKeyPaths != [ ]
    || cfg.gnupg.home != null
    || cfg.gnupg.sshKeyPaths != [ ];
in
{
  options.sops = {
    secrets = mkOption {
      type = types.attrsOf (types.submodule secret);
      default = { };
    };
    templates = mkOption {
      type = types.attrsOf (types.submodule template);
      default = { };
    };
    placeholder = mkOption {
      type = types.attrsOf types.str;
      default = { };
    };
    defaultSopsFile = mkOption { type = types.path; };
    defaultSopsFormat = text "yaml";
    defaultSopsKey = optionalText;
    validateSopsFiles = mkOption {
      type = types.bool;
      default = true;
    };
    keepGenerations = mkOption {
      type = types.ints.unsigned;
      default = 1;
    };
    age = {
      keyFile = mkOption {
        type = types.nullOr pathOutsideStore;
        default = null;
      };
      generateKey = mkOption {
        type = types.bool;
        default = false;
      };
      plugins = mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
      sshKeyPaths = mkOption {
        type = types.listOf types.path;
        default = lib.optional (
          !isHome && config.services.openssh.enable == true
        ) "/etc/ssh/ssh_host_ed25519_key";
      };
    };
    gnupg = {
      home = optionalText;
      sshKeyPaths = mkOption {
        type = types.listOf types.path;
        default = lib.optional (
          !isHome && config.services.openssh.enable == true
        ) "/etc/ssh/ssh_host_rsa_key";
      };
    };
  }
  // lib.optionalAttrs isHome {
    defaultSymlinkPath = text "${config.xdg.configHome}/sops-nix/secrets";
    defaultSecretsMountPoint = text "%r/secrets.d";
  };

  config = lib.mkIf (cfg.secrets != { }) {
    sops.placeholder = lib.mapAttrs (
      name: _: lib.mkDefault "<SOPS:${builtins.hashString "sha256" name}:PLACEHOLDER>"
    ) cfg.secrets;
    assertions = [
      {
        assertion = hasKeySource;
        message = "No key source configured for sops. Either set services.openssh.enable or set sops.age.keyFile or sops.gnupg.home";
      }
    ]
    ++ lib.concatLists (
      lib.mapAttrsToList (name: secret: [
        {
          assertion = cfg.validateSopsFiles -> builtins.pathExists secret.sopsFile;
          message = "Cannot find path '${toString secret.sopsFile}' set in sops.secrets.${lib.escapeNixIdentifier name}.sopsFile";
        }
      ]) cfg.secrets
    );
  };
}
