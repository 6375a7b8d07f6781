# Package metadata.
{ lib }:
rec {
  addMetaAttrs = attrs: drv: drv // { meta = (drv.meta or { }) // attrs; };
  setName = name: drv: drv // { inherit name; };
  updateName = f: drv: drv // { name = f drv.name; };
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  dontDistribute = addMetaAttrs { hydraPlatforms = [ ]; };
  availableOn =
    platform: pkg:
    builtins.elem platform.system (pkg.meta.platforms or [ platform.system ])
    && !builtins.elem platform.system (pkg.meta.badPlatforms or [ ]);
  platformMatch = platform: wanted: platform.system == wanted;
  getExe = pkg: getExe' pkg (pkg.meta.mainProgram or (lib.getName pkg));
  getExe' = pkg: program: "${lib.getBin pkg}/bin/${program}";
  getLicenseFromSpdxId = id: { spdxId = id; };
}
