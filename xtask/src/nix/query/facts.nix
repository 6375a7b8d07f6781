# What rules read of a configuration, per kind. A new fact is a new attribute here and is read in the same pass; it may only look
# at options that the configuration's own derivation depends on, or at ones that cost nothing.
#
# Shapes: hostName, stateVersion (null where nobody sets it), primaryUser: string, number or null;
# users: { NAME = { home; shell; shellUnchecked; }; }; disabledShells: names of shells that have an option which is off;
# assertions: messages of the failed ones; warnings: messages; caches: { SETTING = words; }, what `nix.settings` says about binary
# caches, empty where nix.enable is off;
# secrets: { NAME = { key; format; sopsFile; neededForUsers; }; }; secretKeys: { OPTION = paths; }, empty without
# secrets; homes: { USER = { secrets; secretKeys; caches; }; }, the homes inside of a host.
let
  inherit (builtins)
    attrNames
    filter
    intersectAttrs
    isAttrs
    isList
    isString
    listToAttrs
    mapAttrs
    split
    unsafeDiscardStringContext
    ;

  text = value: unsafeDiscardStringContext (toString value);

  shell = value: if isAttrs value then value.pname or value.name or null else if value == null then null else text value;

  users =
    all: wanted:
    listToAttrs (
      map (name: {
        inherit name;
        value = {
          home = text (all.${name}.home or "");
          shell = shell (all.${name}.shell or null);
          shellUnchecked = all.${name}.ignoreShellProgramCheck or false;
        };
      }) (filter (name: wanted all.${name}) (attrNames all))
    );

  # the value of an option, unless it is but the option's default
  chosen = option: value: if (option.highestPrio or 0) >= 1500 then null else value;

  disabledShells = programs: filter (name: (programs.${name}.enable or true) == false);

  common = config: {
    assertions = map (assertion: assertion.message) (filter (assertion: !assertion.assertion) (config.assertions or [ ]));
    warnings = config.warnings or [ ];
    homes = mapAttrs (_: home: secrets home // { caches = caches home; }) (config.home-manager.users or { });
    caches = caches config;
  }
  // secrets config;

  # What is not managed is not written, and nix-darwin throws where it is looked at.
  caches =
    config:
    if !(config.nix.enable or true) then
      { }
    else
      mapAttrs (_: words) (
        intersectAttrs {
          substituters = null;
          extra-substituters = null;
          trusted-substituters = null;
          extra-trusted-substituters = null;
          trusted-public-keys = null;
          extra-trusted-public-keys = null;
        } (config.nix.settings or { })
      );

  # A free-form setting may be one text.
  words =
    value:
    if isList value then
      map text value
    else if value == null then
      [ ]
    else
      filter (word: isString word && word != "") (split "[ \n]+" (text value));

  secrets = config: {
    secrets = mapAttrs (_: secret: {
      key = secret.key or null;
      format = secret.format or null;
      sopsFile = text (secret.sopsFile or "");
      neededForUsers = secret.neededForUsers or false;
    }) (config.sops.secrets or { });
    # What opens the secrets is part of what installs them; without any, it is not looked at.
    secretKeys =
      if (config.sops.secrets or { }) == { } then
        { }
      else
        mapAttrs (_: paths: map text (filter (path: path != null) paths)) {
          "sops.age.keyFile" = [ (config.sops.age.keyFile or null) ];
          "sops.age.sshKeyPaths" = config.sops.age.sshKeyPaths or [ ];
          "sops.gnupg.home" = [ (config.sops.gnupg.home or null) ];
          "sops.gnupg.sshKeyPaths" = config.sops.gnupg.sshKeyPaths or [ ];
        };
  };

  kinds = {
    nixos =
      {
        config,
        options ? { },
        ...
      }:
      common config
      // {
        hostName = config.networking.hostName or null;
        stateVersion = chosen (options.system.stateVersion or { }) (config.system.stateVersion or null);
        users = users (config.users.users or { }) (user: user.isNormalUser or false);
        disabledShells = disabledShells (config.programs or { }) [
          "fish"
          "xonsh"
          "zsh"
        ];
      };
    darwin =
      {
        config,
        options ? { },
        ...
      }:
      common config
      // {
        hostName = config.networking.hostName or null;
        stateVersion = chosen (options.system.stateVersion or { }) (config.system.stateVersion or null);
        primaryUser = config.system.primaryUser or null;
        users = users (config.users.users or { }) (_: true);
        disabledShells = disabledShells (config.programs or { }) [
          "fish"
          "zsh"
        ];
      };
    home =
      { config, ... }:
      common config
      // {
        userName = config.home.username or null;
        homeDirectory = text (config.home.homeDirectory or "");
        stateVersion = config.home.stateVersion or null;
      };
  };
in
{
  read = kind: configuration: (kinds.${kind} or (_: { })) configuration;
}
