//! Nix commands that a person is told to type.

/// The systemd unit of the daemon.
pub const DAEMON_UNIT: &str = "nix-daemon.service";
/// Restarts the daemon on macOS.
pub const RESTART_DAEMON_ON_MACOS: &str = "sudo launchctl kickstart -k system/org.nixos.nix-daemon";
/// Starts the daemon where no service manager does.
pub const START_DAEMON_BY_HAND: &str = "sudo setsid nix-daemon >/var/log/nix-daemon.log 2>&1 &";
/// Makes room in the store.
pub const FREE_SPACE: &str = "nix-collect-garbage --delete-older-than 30d";
/// Shows all of what a failing build says.
pub const PROBE_BY_HAND: &str = r#"nix-build --expr 'derivation { name = "probe"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo built > $out" ]; }'"#;
