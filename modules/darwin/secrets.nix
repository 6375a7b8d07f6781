# Secrets of the Macs, decrypted with the host's own SSH key.
{
  sops = {
    defaultSopsFile = ../../secrets/darwin.yaml;
    age.sshKeyPaths = [ "/etc/ssh/ssh_host_ed25519_key" ];
    secrets.example-backup-passphrase = { };
  };
}
