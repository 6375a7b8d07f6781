{
  _file = "elsewhere.nix";
  a.x = 3;
}
