# The home-manager options that configurations commonly read or rely on the type of. All others are free-form.
{
  config,
  lib,
  pkgs,
  standInClean,
  ...
}:
let
  inherit (lib) mkEnableOption mkOption types;
  toplevel = import ../../systems/toplevel.nix { inherit lib; };
  home = config.home;
  directory =
    below:
    mkOption {
      type = types.path;
      default = "${home.homeDirectory}/${below}";
    };
  files = mkOption {
    default = { };
    type = types.attrsOf (
      types.submoduleWith {
        shorthandOnlyDefinesConfig = true;
        freeForm = true;
        modules = [ ../shared/etc-file.nix ];
        specialArgs = { inherit pkgs; };
      }
    );
  };
  variables = mkOption {
    type = types.lazyAttrsOf (
      types.nullOr (
        types.oneOf [
          types.str
          types.path
          types.int
          types.float
        ]
      )
    );
    default = { };
  };
  shells = [
    "bash"
    "fish"
    "nushell"
    "zsh"
  ];
in
{
  imports = [ ../shared/assertions.nix ];

  options = {
    # Where the package set comes from before overlays of the home itself.
    standIn.pkgs = mkOption {
      type = types.raw;
      internal = true;
    };
    nixpkgs.overlays = mkOption {
      type = types.nullOr (types.listOf types.raw);
      default = [ ];
    };
    home = {
      username = mkOption { type = types.str; };
      homeDirectory = mkOption { type = types.path; };
      stateVersion = mkOption { type = types.str; };
      packages = mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
      file = files;
      sessionVariables = variables;
      sessionPath = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      shellAliases = mkOption {
        type = types.attrsOf types.str;
        default = { };
      };
      activation = mkOption {
        type = types.attrsOf types.anything;
        default = { };
      };
      profileDirectory = mkOption {
        type = types.path;
        default = "${home.homeDirectory}/.nix-profile";
      };
      activationPackage = mkOption {
        type = types.raw;
        internal = true;
      };
    };
    # Functions that modules offer to others.
    lib = mkOption {
      type = types.attrsOf types.raw;
      default = { };
      internal = true;
    };
    accounts = lib.genAttrs [ "calendar" "contact" "email" ] (_: {
      accounts = mkOption {
        default = { };
        type = types.attrsOf (
          types.submoduleWith {
            shorthandOnlyDefinesConfig = true;
            freeForm = true;
            modules = [ ];
          }
        );
      };
    });
    nix.package = mkOption {
      type = types.nullOr types.package;
      default = null;
    };
    xdg = {
      enable = mkEnableOption "management of XDG base directories";
      configHome = directory ".config";
      dataHome = directory ".local/share";
      cacheHome = directory ".cache";
      stateHome = directory ".local/state";
      configFile = files;
      dataFile = files;
    };
    programs =
      lib.genAttrs shells (name: {
        enable = mkEnableOption name;
      })
      // {
        git.enable = mkEnableOption "Git";
        home-manager.enable = mkEnableOption "home-manager";
      };
  };

  config = {
    _module.args.pkgs = lib.mkOptionDefault (
      if config.nixpkgs.overlays == [ ] || config.nixpkgs.overlays == null then
        config.standIn.pkgs
      else
        config.standIn.pkgs.appendOverlays config.nixpkgs.overlays
    );
    lib = {
      file.mkOutOfStoreSymlink = path: pkgs.writeText (baseNameOf (toString path)) (toString path);
      inherit (lib.hm) dag;
    };
    home.activationPackage = toplevel {
      name = "home-manager-generation-${home.username}-stand-in";
      title = "the home of ${home.username} (${home.homeDirectory}, state version ${home.stateVersion})";
      inherit config pkgs;
      clean = standInClean;
      scripts = [ "/activate" ];
      dependencies = [
        (pkgs.buildEnv {
          name = "home-manager-path";
          paths = home.packages;
        })
        (pkgs.linkFarm "home-manager-files" (
          map
            (file: {
              name = file.target;
              path = file.source;
            })
            (
              builtins.filter (file: file.enable) (
                builtins.attrValues home.file ++ builtins.attrValues config.xdg.configFile
              )
            )
        ))
      ];
    };
  };
}
