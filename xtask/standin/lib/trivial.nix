# Functions about nothing in particular: identity, composition, booleans, warnings, numbers.
{ lib }:
let
  inherit (builtins) foldl' trace;
in
rec {
  inherit (builtins)
    pathExists
    readFile
    isBool
    isInt
    isFloat
    isString
    isPath
    isAttrs
    isList
    add
    sub
    lessThan
    seq
    deepSeq
    genericClosure
    bitAnd
    bitOr
    bitXor
    floor
    ceil
    fromJSON
    toJSON
    tryEval
    throw
    typeOf
    ;

  id = x: x;
  const = x: _: x;
  flip =
    f: a: b:
    f b a;
  pipe = foldl' (value: f: f value);
  and = a: b: a && b;
  or = a: b: a || b;
  xor = a: b: a != b;
  not = a: !a;
  concat = a: b: a ++ b;
  mergeAttrs = a: b: a // b;
  max = a: b: if a > b then a else b;
  min = a: b: if a < b then a else b;
  mod = base: int: base - int * (base / int);
  compare =
    a: b:
    if a < b then
      -1
    else if a > b then
      1
    else
      0;
  splitByAndCompare =
    p: yes: no: a: b:
    if p a then (if p b then yes a b else -1) else if p b then 1 else no a b;
  defaultTo = default: value: if value == null then default else value;
  mapNullable = f: a: if a == null then a else f a;
  boolToString = b: if b then "true" else "false";
  boolToYesNo = b: if b then "yes" else "no";

  # A callable set counts as a function, as in nixpkgs.
  isFunction = f: builtins.isFunction f || (f ? __functor && isFunction (f.__functor f));
  functionArgs =
    f:
    if f ? __functor then
      f.__functionArgs or (functionArgs (f.__functor f))
    else
      builtins.functionArgs f;
  setFunctionArgs = f: args: {
    __functor = _: f;
    __functionArgs = args;
  };
  mirrorFunctionArgs = f: setArgs: lib.setFunctionArgs setArgs (functionArgs f);
  toFunction = v: if isFunction v then v else _: v;
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: builtins.fromTOML (builtins.readFile path);

  warn = message: value: trace "evaluation warning: ${message}" value;
  warnIf = condition: message: if condition then warn message else id;
  warnIfNot = condition: warnIf (!condition);
  info = message: value: trace "INFO: ${message}" value;
  showWarnings = warnings: value: foldl' (v: message: warn message v) value warnings;
  throwIf = condition: message: if condition then throw message else id;
  throwIfNot = condition: throwIf (!condition);
  checkListOfEnum =
    name: valid: given:
    let
      unknown = lib.subtractLists valid given;
    in
    throwIf (unknown != [ ]) "${name}: ${toString unknown} is none of ${toString valid}";
  oldestSupportedReleaseIsAtLeast = release: 2511 >= release;
  isInOldestRelease = oldestSupportedReleaseIsAtLeast;

  trace' = trace;
  traceIf =
    condition: message: value:
    if condition then trace message value else value;
  traceVal = x: trace x x;
  traceValFn = f: x: trace (f x) x;
  traceSeq = x: y: trace (builtins.deepSeq x x) y;
  traceValSeq = x: traceSeq x x;

  inPureEvalMode = !builtins ? currentSystem;
  release = "26.05";
  version = "${release}.stand-in";
  trivialVersion = version;
  versionSuffix = ".stand-in";
  codeName = "Stand-in";
  revisionWithDefault = default: default;

  toHexString =
    n:
    let
      digits = "0123456789ABCDEF";
    in
    lib.concatMapStrings (d: builtins.substring d 1 digits) (toBaseDigits 16 n);
  toBaseDigits =
    base:
    let
      go = n: if n < base then [ n ] else go (n / base) ++ [ (mod n base) ];
    in
    go;
  fromHexString = text: (builtins.fromTOML "v = 0x${lib.removePrefix "0x" text}").v;
}
