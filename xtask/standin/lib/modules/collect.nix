# From a list of modules to all of them: imports followed, duplicates and disabled ones left out.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    genericClosure
    isAttrs
    isPath
    isString
    mapAttrs
    match
    pathExists
    removeAttrs
    ;

  # A path inside an input that is itself a stand-in names a module of the real input: it has nothing to say here.
  isPlaceholder =
    path:
    let
      root = match "(${builtins.storeDir}/[^/]+)/.*" path;
    in
    root != null && pathExists (builtins.head root + "/stand-in.txt") && !pathExists path;

  isFile = module: isPath module || isString module || (isAttrs module && module ? outPath);

  keywords = [
    "_class"
    "_file"
    "disabledModules"
    "freeformType"
    "imports"
    "key"
    "require"
  ];

  # Any accepted shape of a module as `{ key; file; imports; disabled; options; config; }`.
  normalise =
    key: file: m:
    let
      explicit = m ? config || m ? options;
      unsupported = attrNames (removeAttrs m (keywords ++ [ "config" "meta" "options" ]));
      extra = lib.optional (m ? freeformType) { _module.freeformType = m.freeformType; };
      config = if explicit then m.config or { } else removeAttrs m keywords;
    in
    if m ? _type && elem m._type [ "if" "merge" "override" "order" ] then
      normalise key file { config = m; }
    else if m ? _type then
      throw "Could not load a value as a module, because it is of type \"${m._type}\", in file ${toString file}."
    else if explicit && unsupported != [ ] then
      throw "Module `${key}' has an unsupported attribute `${builtins.head unsupported}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString unsupported}) into the explicit `config' attribute."
    else
      {
        inherit key;
        file = m._file or file;
        imports = (m.require or [ ]) ++ (m.imports or [ ]);
        disabled = m.disabledModules or [ ];
        options = m.options or { };
        config = if extra == [ ] then config else lib.mkMerge (extra ++ [ config ]);
      };

  # `arguments` are passed as they are; any other formal comes from `lookup`, that is from `_module.args`.
  call =
    { arguments, lookup }:
    file: f:
    f (arguments // mapAttrs (name: _: arguments.${name} or (lookup file name)) (lib.functionArgs f));

  load =
    context: parent: index: module:
    let
      path = toString module;
      anonymous = "${parent.key}:anon-${toString index}";
      named = m: if isAttrs m && m ? key then m.key else anonymous;
      fileOf = m: if isAttrs m && m ? _file then m._file else parent.file;
      evaluated = m: file: if lib.isFunction m then call context file m else m;
    in
    if isFile module then
      normalise path path (if isPlaceholder path then { } else evaluated (import module) path)
    else if lib.isFunction module then
      let
        m = evaluated module parent.file;
      in
      normalise anonymous (fileOf m) m
    else if isAttrs module then
      normalise (named module) (fileOf module) module
    else
      throw "Module imports can't be nested lists or values of type ${builtins.typeOf module}; this one is in ${toString parent.file}.";

  loadAll =
    context: parent: modules:
    lib.imap1 (index: module: load context parent index module) modules;

  disabledKey =
    modulesPath: module:
    if isAttrs module then
      module.key or (throw "disabledModules: a set needs a `key`")
    else if isString module && !lib.hasPrefix "/" module then
      "${toString modulesPath}/${module}"
    else
      toString module;
in
{
  collectModules =
    {
      modules,
      modulesPath,
      arguments,
      lookup,
    }:
    let
      context = { inherit arguments lookup; };
      root = {
        key = "<root>";
        file = "<unknown-file>";
      };
      closure =
        keep:
        genericClosure {
          startSet = filter keep (loadAll context root modules);
          operator = m: filter keep (loadAll context m m.imports);
        };
      all = closure (_: true);
      disabled = map (disabledKey modulesPath) (concatMap (m: m.disabled) all);
    in
    if disabled == [ ] then all else closure (m: !elem m.key disabled);

  setDefaultModuleLocation = file: module: {
    _file = file;
    imports = [ module ];
  };
  importApply = path: arguments: {
    _file = path;
    imports = [ (import path arguments) ];
  };
}
