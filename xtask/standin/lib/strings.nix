# Strings.
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    filter
    genList
    isString
    match
    replaceStrings
    stringLength
    substring
    ;
in
rec {
  inherit (builtins)
    concatStringsSep
    fromJSON
    hashString
    match
    parseDrvName
    replaceStrings
    split
    stringLength
    substring
    toJSON
    unsafeDiscardStringContext
    ;

  isStringLike = x: isString x || builtins.isPath x || x ? outPath || x ? __toString;
  isConvertibleWithToString =
    x:
    x == null
    || builtins.elem (builtins.typeOf x) [ "int" "float" "bool" ]
    || isStringLike x
    || (builtins.isList x && builtins.all isConvertibleWithToString x);

  concatStrings = concatStringsSep "";
  concatMapStrings = f: xs: concatStrings (map f xs);
  concatMapStringsSep = separator: f: xs: concatStringsSep separator (map f xs);
  concatImapStrings = f: xs: concatStrings (lib.imap1 f xs);
  concatImapStringsSep = separator: f: xs: concatStringsSep separator (lib.imap1 f xs);
  concatMapAttrsStringSep = separator: f: set: concatStringsSep separator (lib.mapAttrsToList f set);
  concatLines = concatMapStrings (line: line + "\n");
  intersperse =
    separator: xs:
    if xs == [ ] then
      [ ]
    else
      builtins.tail (builtins.concatMap (x: [ separator x ]) xs);
  join = concatStringsSep;
  optionalString = condition: text: if condition then text else "";
  replicate = n: text: concatStrings (genList (_: text) n);
  makeSearchPath = sub: paths: concatMapStringsSep ":" (p: "${p}/${sub}") (filter (p: p != null) paths);
  makeSearchPathOutput =
    output: sub: paths:
    makeSearchPath sub (map (lib.getOutput output) paths);
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  makeIncludePath = makeSearchPathOutput "dev" "include";
  makeBinPath = makeSearchPathOutput "bin" "bin";

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (-1) text == suffix;
  hasInfix = infix: text: replaceStrings [ infix ] [ "" ] "${text}" != "${text}" || infix == "";
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then
      substring 0 (stringLength text - stringLength suffix) text
    else
      text;
  trim = trimWith {
    start = true;
    end = true;
  };
  trimWith =
    {
      start ? false,
      end ? false,
    }:
    text:
    let
      blank = "[ \t\r\n]*";
      afterStart = if start then builtins.head (match "${blank}(.*)" text) else text;
      trimmed = match "(.*[^ \t\r\n])?${blank}" afterStart;
    in
    if !end then
      afterStart
    else if builtins.head trimmed == null then
      ""
    else
      builtins.head trimmed;

  stringToCharacters = text: genList (i: substring i 1 text) (stringLength text);
  stringAsChars = f: text: concatMapStrings f (stringToCharacters text);
  splitString =
    separator: text:
    filter isString (builtins.split (escapeRegex (toString separator)) (toString text));

  escape = chars: replaceStrings chars (map (c: "\\${c}") chars);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeNixString = text: escape [ "$" ] (builtins.toJSON text);
  escapeNixIdentifier =
    name: if match "[a-zA-Z_][a-zA-Z0-9_'-]*" name != null then name else escapeNixString name;
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  escapeURL = replaceStrings [ " " "%" "#" "?" "&" ] [ "%20" "%25" "%23" "%3F" "%26" ];
  escapeShellArg =
    arg:
    let
      text = toString arg;
    in
    if match "[[:alnum:],._+:@%/-]+" text != null then
      text
    else
      "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  toShellVar =
    name: value:
    if builtins.isAttrs value && !isStringLike value then
      "declare -A ${name}=(${
        concatStringsSep " " (lib.mapAttrsToList (n: v: "[${escapeShellArg n}]=${escapeShellArg v}") value)
      })"
    else if builtins.isList value then
      "declare -a ${name}=(${escapeShellArgs value})"
    else
      "${name}=${escapeShellArg value}";
  toShellVars = set: concatStringsSep "\n" (lib.mapAttrsToList toShellVar set);

  lowerChars = stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upperChars = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  toLower = replaceStrings upperChars lowerChars;
  toUpper = replaceStrings lowerChars upperChars;
  toSentenceCase = text: toUpper (substring 0 1 text) + toLower (substring 1 (-1) text);
  toCamelCase =
    text:
    let
      parts = splitString "-" (replaceStrings [ "_" " " ] [ "-" "-" ] text);
    in
    builtins.head parts + concatMapStrings toSentenceCase (builtins.tail parts);

  toInt =
    text:
    let
      digits = match "[[:space:]]*(-?)0*([0-9]+)[[:space:]]*" text;
      parsed = builtins.fromJSON (concatStrings digits);
    in
    if digits == null then throw "toInt: Could not convert ${escapeNixString text} to int." else parsed;
  toIntBase10 = toInt;
  fixedWidthString =
    width: filler: text:
    replicate (lib.max 0 (width - stringLength text)) filler + text;
  fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);
  floatToString = toString;
  commonPrefixLength =
    a: b:
    let
      shorter = lib.min (stringLength a) (stringLength b);
      go = i: if i < shorter && substring i 1 a == substring i 1 b then go (i + 1) else i;
    in
    go 0;

  readPathsFromFile = root: file: map (line: root + "/${line}") (filter (l: l != "") (splitString "\n" (builtins.readFile file)));
  fileContents = file: removeSuffix "\n" (builtins.readFile file);
  normalizePath = path: replaceStrings [ "//" ] [ "/" ] path;
  sanitizeDerivationName =
    name:
    let
      clean = builtins.split "[^[:alnum:]+._?=-]+" (builtins.unsafeDiscardStringContext (toString name));
      text = concatMapStrings (part: if isString part then part else "-") clean;
      tail = builtins.head (match "\\.*(.*)" text);
    in
    if tail == "" then "unknown" else substring 0 207 tail;
  isStorePath = path: isStringLike path && hasPrefix "${builtins.storeDir}/" (toString path);
  getName = x: if isString x then (builtins.parseDrvName x).name else x.pname or (builtins.parseDrvName x.name).name;
  getVersion = x: if isString x then (builtins.parseDrvName x).version else x.version or (builtins.parseDrvName x.name).version;
  nameFromURL = url: separator: builtins.head (splitString separator (lib.last (splitString "/" url)));
  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !versionOlder a b;
  cmakeBool = name: value: "-D${name}:BOOL=${if value then "TRUE" else "FALSE"}";
  cmakeFeature = name: value: "-D${name}:STRING=${value}";
  mesonBool = name: value: "-D${name}=${lib.boolToString value}";
  mesonEnable = name: value: "-D${name}=${if value then "enabled" else "disabled"}";
  enableFeature = enable: feature: "--${if enable then "enable" else "disable"}-${feature}";
  enableFeatureAs = enable: feature: value: enableFeature enable feature + optionalString enable "=${value}";
  withFeature = enable: feature: "--with${optionalString (!enable) "out"}-${feature}";
  withFeatureAs = enable: feature: value: withFeature enable feature + optionalString enable "=${value}";
}
