# Secrets of NixOS hosts, decrypted with the host's own SSH key.
{
  sops = {
    defaultSopsFile = ../../secrets/nixos.yaml;
    age.sshKeyPaths = [ ../../xtask.toml ];
    secrets.example-service-token = {
      owner = "crs58";
      mode = "0400";
    };
  };
}
