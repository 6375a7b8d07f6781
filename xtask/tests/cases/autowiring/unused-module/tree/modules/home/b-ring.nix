{
  imports = [ ./a-ring.nix ];
}
