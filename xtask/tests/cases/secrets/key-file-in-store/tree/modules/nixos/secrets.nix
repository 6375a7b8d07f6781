# Secrets of NixOS hosts, decrypted with the host's own SSH key.
{
  sops = {
    defaultSopsFile = ../../secrets/nixos.yaml;
    age.keyFile = ../../xtask.toml;
    age.sshKeyPaths = [ "/etc/ssh/ssh_host_ed25519_key" ];
    secrets.example-service-token = {
      owner = "crs58";
      mode = "0400";
    };
  };
}
