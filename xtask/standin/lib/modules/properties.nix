# Properties of definitions (mkIf, mkMerge, priorities, order) and how they are discharged.
{ lib }:
let
  inherit (builtins)
    any
    concatMap
    filter
    foldl'
    isAttrs
    mapAttrs
    ;

  typeOf = value: if isAttrs value then value._type or null else null;

  # A definition without its properties: what was a property of the value becomes `priority` and `order` of the definition.
  discharge =
    def:
    let
      inherit (def) value;
      kind = typeOf value;
    in
    if kind == null then
      [ def ]
    else if kind == "if" then
      if value.condition then discharge (def // { value = value.content; }) else [ ]
    else if kind == "merge" then
      concatMap (content: discharge (def // { value = content; })) value.contents
    else if kind == "override" then
      # What is overridden may be an error, so the content is not looked at before priorities are compared.
      [
        (
          def
          // {
            value = value.content;
            inherit (value) priority;
            isSealed = true;
          }
        )
      ]
    else if kind == "order" then
      discharge (
        def
        // {
          value = value.content;
          order = value.priority;
        }
      )
    else if kind == "definition" then
      discharge (
        def
        // {
          inherit (value) file value;
        }
      )
    else
      [ def ];

  # The content of a chosen definition; properties inside of it count as well, except another priority.
  open = def: concatMap (d: if d ? isSealed then open d else [ d ]) (discharge (removeAttrs def [ "isSealed" ]));

  priorityOf = def: def.priority or lib.defaultOverridePriority;
  orderOf = def: def.order or lib.defaultOrderPriority;
in
{
  inherit discharge;
  isType = type: value: typeOf value == type;
  setType = type: value: value // { _type = type; };

  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkAssert =
    condition: message: content:
    lib.mkIf (if condition then true else throw "\nFailed assertion: ${message}") content;
  mkDefinition =
    { file, value, ... }:
    {
      _type = "definition";
      inherit file value;
    };

  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkOptionDefault = lib.mkOverride 1500;
  mkDefault = lib.mkOverride 1000;
  defaultOverridePriority = 100;
  mkImageMediaOverride = lib.mkOverride 60;
  mkForce = lib.mkOverride 50;
  mkVMOverride = lib.mkOverride 10;

  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };
  mkBefore = lib.mkOrder 500;
  defaultOrderPriority = 1000;
  mkAfter = lib.mkOrder 1500;
  mkFixStrictness = lib.id;

  # All that take effect: switched-off ones and ones of a weaker priority dropped, the rest in order.
  settle =
    defs:
    let
      discharged = concatMap discharge defs;
      highestPriority = foldl' (best: d: lib.min best (priorityOf d)) 9999 discharged;
      strongest =
        if any (d: d ? priority) discharged then
          filter (d: priorityOf d == highestPriority) discharged
        else
          discharged;
      opened =
        if any (d: d ? isSealed) strongest then
          concatMap (d: if d ? isSealed then open d else [ d ]) strongest
        else
          strongest;
      ordered =
        if any (d: d ? order) opened then
          builtins.sort (a: b: orderOf a < orderOf b) opened
        else
          opened;
    in
    {
      defs = ordered;
      inherit highestPriority;
    };

  # One definition of a set of options as a list of plain sets, its properties pushed onto the set's attributes. No condition is
  # forced, so `config = mkIf config.x.enable { … }` does not need `config.x` to find out which options it defines.
  pushDown =
    loc: def:
    let
      inherit (def) value;
      kind = typeOf value;
      inside =
        wrap: map (d: d // { value = mapAttrs (_: wrap) d.value; }) (lib.pushDown loc (def // { value = value.content; }));
    in
    if !isAttrs value then
      throw "In module `${toString def.file}', you're trying to define a value of type `${builtins.typeOf value}' rather than an attribute set for the option `${lib.showOption loc}'!"
    else if kind == "if" then
      inside (lib.mkIf value.condition)
    else if kind == "override" then
      inside (lib.mkOverride value.priority)
    else if kind == "order" then
      inside (lib.mkOrder value.priority)
    else if kind == "merge" then
      concatMap (content: lib.pushDown loc (def // { value = content; })) value.contents
    else if kind == "definition" then
      lib.pushDown loc {
        inherit (value) file value;
      }
    else
      [ def ];

  # Every definition of one option (or of one element of a composite type) as one value.
  # `clean` is the value without the undefined options of submodules: what can be forced as a whole.
  mergeDefinitions =
    loc: type: defs:
    let
      settled = lib.settle defs;
      isDefined = settled.defs != [ ];
      wrong = filter (d: !type.check d.value) settled.defs;
      checked =
        if !isDefined then
          throw "The option `${lib.showOption loc}' was accessed but has no value defined. Try setting the option."
        else if wrong != [ ] then
          throw "A definition for option `${lib.showOption loc}' is not of type `${type.description}'. Definition values:${lib.showDefs wrong}"
        else if type ? mergeDetailed then
          type.mergeDetailed loc settled.defs
        else
          rec {
            value = type.merge loc settled.defs;
            clean = value;
          };
    in
    {
      inherit isDefined;
      inherit (settled) highestPriority;
      defsFinal = settled.defs;
      mergedValue = checked.value;
      inherit (checked) clean;
      optionalValue = if isDefined then { inherit (checked) value; } else { };
    };
}
