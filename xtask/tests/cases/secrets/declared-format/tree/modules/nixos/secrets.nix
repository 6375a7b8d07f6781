# Secrets of NixOS hosts, decrypted with the host's own SSH key.
{
  sops = {
    defaultSopsFile = ../../secrets/nixos.yaml;
    age.sshKeyPaths = [ "/etc/ssh/ssh_host_ed25519_key" ];
    secrets.example-service-token = {
      format = "json";
      owner = "crs58";
      mode = "0400";
    };
  };
}
