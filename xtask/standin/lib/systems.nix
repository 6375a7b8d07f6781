# Platforms: "x86_64-linux" or a set with `system`/`config` becomes the set that `stdenv.hostPlatform` is.
{ lib }:
rec {
  flakeExposed = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" "armv6l-linux" "armv7l-linux" "i686-linux" "riscv64-linux" ];
  doubles = {
    all = flakeExposed;
    linux = builtins.filter (lib.hasSuffix "-linux") flakeExposed;
    darwin = builtins.filter (lib.hasSuffix "-darwin") flakeExposed;
  };
  examples = {
    gnu64.config = "x86_64-unknown-linux-gnu";
    musl64.config = "x86_64-unknown-linux-musl";
    aarch64-multiplatform.config = "aarch64-unknown-linux-gnu";
    aarch64-darwin.config = "arm64-apple-darwin";
  };
  equals = a: b: a.system == b.system;

  systemFromConfig =
    config:
    let
      parts = lib.splitString "-" config;
      cpu = builtins.head parts;
    in
    "${if cpu == "arm64" then "aarch64" else cpu}-${
      if lib.hasInfix "darwin" config then "darwin" else "linux"
    }";

  elaborate =
    given:
    let
      fields = if builtins.isString given then { system = given; } else given;
      system = fields.system or (systemFromConfig fields.config);
      parts = lib.splitString "-" system;
      cpu = builtins.head parts;
      kernel = lib.last parts;
      isDarwin = kernel == "darwin";
      isLinux = kernel == "linux";
      self = {
        inherit system isDarwin isLinux;
        config = "${cpu}-${if isDarwin then "apple-darwin" else "unknown-linux-gnu"}";
        parsed = {
          cpu.name = cpu;
          kernel.name = kernel;
          vendor.name = if isDarwin then "apple" else "unknown";
          abi.name = if isLinux then "gnu" else "unknown";
        };
        uname = {
          system = if isDarwin then "Darwin" else "Linux";
          processor = if isDarwin && cpu == "aarch64" then "arm64" else cpu;
          release = null;
        };
        qemuArch = cpu;
        linuxArch = if cpu == "aarch64" then "arm64" else cpu;
        darwinArch = if cpu == "aarch64" then "arm64" else cpu;
        isUnix = true;
        isMacOS = isDarwin;
        isBSD = false;
        isFreeBSD = false;
        isWindows = false;
        isCygwin = false;
        isGnu = isLinux;
        isMusl = false;
        isStatic = false;
        isWasm = false;
        isx86_64 = cpu == "x86_64";
        isx86_32 = cpu == "i686";
        isi686 = cpu == "i686";
        isx86 = cpu == "x86_64" || cpu == "i686";
        isAarch64 = cpu == "aarch64";
        isAarch32 = lib.hasPrefix "armv" cpu;
        isAarch = cpu == "aarch64" || lib.hasPrefix "armv" cpu;
        isArmv7 = cpu == "armv7l";
        isRiscV = lib.hasPrefix "riscv" cpu;
        isRiscV64 = cpu == "riscv64";
        is64bit = lib.hasInfix "64" cpu;
        is32bit = !lib.hasInfix "64" cpu;
        isLittleEndian = true;
        isBigEndian = false;
        hasSharedLibraries = true;
        extensions = {
          executable = "";
          sharedLibrary = if isDarwin then ".dylib" else ".so";
          staticLibrary = ".a";
        };
        rust.rustcTarget = self.config;
        emulator = _: "";
        canExecute = other: other.system == system;
      }
      // removeAttrs fields [ "system" ];
    in
    self;
}
