{
  imports = [ ./part.nix ];
}
