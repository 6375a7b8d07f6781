//! nginx with WebDAV's `PUT`: `/open/` for everybody, `/locked/` for who may push, `/private/` for who may read.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The name that `/locked/` and `/private/` want.
pub const USER: &str = "pusher";
/// The password that they want.
pub const PASSWORD: &str = "hunter2-of-nginx";
/// What is written into the password file: Apache's MD5 of [`PASSWORD`], by `openssl passwd -apr1 -salt loopback`.
const HASHED: &str = "$apr1$loopback$omP7UUxGRoWgmv7McvLs/.";

/// The server; it ends with this value.
pub struct Nginx {
    pub address: SocketAddr,
    folder: TempDir,
    child: Child,
}

impl Nginx {
    /// Starts one on a port of its own.
    pub fn start() -> Self {
        Self::started(None)
    }

    /// Starts one whose files are on a disk of this size, which nobody else sees.
    pub fn with_room(size: &str) -> Self {
        Self::started(Some(size))
    }

    fn started(size: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Another test may be given the same port between here and nginx; then nginx ends, and another is tried.
        for _ in 0..10 {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            // Who mounts a disk is root, as far as there is one, and nobody else is there to be.
            let user = size.map_or("", |_| "user root root;\n");
            let configuration = format!("{user}{}", configuration(folder.path(), address));
            fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
            fs::write(folder.path().join("passwords"), format!("{USER}:{HASHED}\n")).unwrap();
            for name in ["files/open", "files/locked", "files/private"] {
                fs::create_dir_all(folder.path().join(name)).unwrap();
            }
            let mut child = on_disk(folder.path(), size)
                .arg(program())
                .args(["-e", "stderr", "-p"])
                .arg(folder.path())
                .arg("-c")
                .arg(folder.path().join("nginx.conf"))
                .stdin(Stdio::null())
                .stderr(fs::File::create(folder.path().join("stderr")).unwrap())
                .spawn()
                .unwrap();
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(10) && child.try_wait().unwrap().is_none() {
                if TcpStream::connect(address).is_ok() {
                    return Self { address, folder, child };
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            drop((child.kill(), child.wait()));
        }
        panic!("nginx does not start: {}", fs::read_to_string(folder.path().join("stderr")).unwrap());
    }

    /// Where the files of `/open/` are on disk.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}

/// What runs the program after it: where its files are on a disk of their own, if it has a size.
fn on_disk(folder: &Path, size: Option<&str>) -> Command {
    let Some(size) = size else { return Command::new("env") };
    let files = folder.join("files").display().to_string();
    let script = format!("mount -t tmpfs -o size={size} small '{files}' && mkdir '{files}/open' && exec \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", &script, "sh"]);
    command
}

/// Debian keeps it off the PATH of ordinary users.
fn program() -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&on_path).chain([PathBuf::from("/usr/sbin")]);
    let found = places.map(|place| place.join("nginx")).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("nginx is not installed: apt-get install nginx-light"))
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("  {name}_temp_path {folder}/temporary-{name};\n"))
        .concat();
    // One process and not a master with workers: ending it ends all.
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nevents {{ worker_connections 1024; }}\nhttp {{
{temporary}  access_log off;\n  client_max_body_size 0;\n  keepalive_requests 100000;
  server {{
    listen {address};
    root {folder}/files;
    dav_methods PUT;
    create_full_put_path on;
    location /open/ {{ }}
    location /locked/ {{
      limit_except GET HEAD {{ auth_basic push; auth_basic_user_file {folder}/passwords; }}
    }}
    location /private/ {{ auth_basic all; auth_basic_user_file {folder}/passwords; }}
    location /read-only/ {{ dav_methods off; }}
    location /small/ {{ client_max_body_size 1k; }}
  }}
}}\n"
    )
}
