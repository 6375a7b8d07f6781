{
  imports = [ ./b-ring.nix ];
}
