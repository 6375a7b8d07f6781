//! A server that speaks S3, in this process, with its buckets in a folder.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;

/// The key that opens it.
pub const KEY: &str = "AKIALOOPBACK";
/// Its secret.
pub const SECRET: &str = "hunter2-of-s3";
/// The bucket.
pub const BUCKET: &str = "nixcache";

/// The server. It ends with the process.
pub struct S3Server {
    pub address: SocketAddr,
    folder: TempDir,
}

impl S3Server {
    /// Starts one on a port of its own.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((socket, _)) = listener.accept().await {
                    let service = service.clone();
                    tokio::spawn(async move {
                        let server = Builder::new(TokioExecutor::new());
                        // A client that goes away is none of the server's business.
                        drop(server.serve_connection(TokioIo::new(socket), service).await);
                    });
                }
            });
        });
        Self { address, folder }
    }

    /// Where the files of the bucket are on disk.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }
}
