# `meta.platforms` lists.
{ lib }:
let
  inherit (lib.systems) flakeExposed;
  ending = suffix: builtins.filter (lib.hasSuffix suffix) flakeExposed;
  starting = prefix: builtins.filter (lib.hasPrefix prefix) flakeExposed;
in
{
  all = flakeExposed;
  unix = flakeExposed;
  linux = ending "-linux";
  darwin = ending "-darwin";
  x86_64 = starting "x86_64";
  x86 = starting "x86_64" ++ starting "i686";
  aarch64 = starting "aarch64";
  arm = starting "arm";
  riscv64 = starting "riscv64";
  none = [ ];
  windows = [ ];
  freebsd = [ ];
}
