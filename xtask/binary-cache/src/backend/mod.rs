//! What every cache can be asked: the one border between what is wanted of a cache and how it is spoken to.
//!
//! Invariant: no other module knows a protocol. A backend is called from many threads at once, tries again by itself what may
//! succeed later, and never lets a secret into a fault.

pub mod attic;
pub mod cache_info;
pub mod cachix;
pub mod file;
pub mod http;
mod incoming;
pub mod open;
pub(crate) mod reading;
pub mod s3;

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use cache_protocol::{Compression, Fault};

use crate::narinfo::NarInfo;

/// What a cache says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Greeting {
    /// Whether there is a cache yet; an empty folder or bucket has none before the first push.
    pub exists: bool,
    /// The folder that store paths name in it.
    pub store_dir: Option<String>,
    /// Lower is asked first.
    pub priority: Option<i64>,
    /// The keys that it signs with by itself; empty where the pusher signs.
    pub public_keys: Vec<String>,
    /// How it wants NARs packed.
    pub compression: Option<Compression>,
}

/// A NAR, packed and ready to be sent as often as needed.
pub trait Packed: Sync {
    /// Bytes of the file.
    fn size(&self) -> u64;
    /// SHA-256 of the file.
    fn sha256(&self) -> [u8; 32];
    /// The file from its beginning.
    ///
    /// # Errors
    /// When it waits on disk and cannot be read.
    fn open(&self) -> std::io::Result<Box<dyn Read + Send + '_>>;
    /// The file from this byte on; what waits on disk can do better than to read all that is before it.
    ///
    /// # Errors
    /// When it waits on disk and cannot be read.
    fn open_from(&self, from: u64) -> std::io::Result<Box<dyn Read + Send + '_>> {
        let mut reader = self.open()?;
        std::io::copy(&mut reader.by_ref().take(from), &mut std::io::sink())?;
        Ok(reader)
    }

    /// Where it is, if it waits in the folder of [`Backend::staging`]: it may be moved from there, and is gone then.
    fn staged(&self) -> Option<&Path> {
        None
    }
}

/// What an upload leaves behind for the publication of its path, as the backend needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Uploaded {
    /// Nothing: the narinfo names the file.
    #[default]
    Named,
    /// An upload in parts, which publication completes.
    Parts {
        /// The file's name in the cache.
        nar: String,
        /// The upload's name.
        upload: String,
        /// The tag of each part, in order.
        tags: Vec<String>,
    },
}

/// A binary cache.
pub trait Backend: Send + Sync {
    /// Its address as it is shown, without credentials.
    fn shown(&self) -> String;

    /// What it says of itself.
    ///
    /// # Errors
    /// When it cannot be asked, or is no cache.
    fn greet(&self) -> Result<Greeting, Fault>;

    /// Which of `hashes` it does not have; asks the cache itself, and remembers nothing.
    ///
    /// # Errors
    /// When it cannot be asked about one of them.
    fn missing(&self, hashes: &[String]) -> Result<HashSet<String>, Fault>;

    /// What it says of the path with `hash`, if it has it.
    ///
    /// # Errors
    /// When it cannot be asked, or what it says is no narinfo.
    fn narinfo(&self, hash: &str) -> Result<Option<NarInfo>, Fault>;

    /// Bytes of the file that `narinfo` names, if it is there.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn file_size(&self, narinfo: &NarInfo) -> Result<Option<u64>, Fault>;

    /// The file that `narinfo` names.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    fn file(&self, narinfo: &NarInfo) -> Result<Box<dyn Read + Send>, Fault>;

    /// Makes the cache ready for a first push: writes `nix-cache-info` where there is none.
    ///
    /// # Errors
    /// When it cannot be written.
    fn prepare(&self, store_dir: &str) -> Result<(), Fault>;

    /// A folder from which it can take files by moving them, so that they are written once; asked for after
    /// [`Backend::prepare`].
    fn staging(&self) -> Option<PathBuf> {
        None
    }

    /// Whether nothing is waited for but this machine's own work, so that more requests at once than threads that pack are
    /// of no use.
    fn is_local(&self) -> bool {
        false
    }

    /// Whether [`Backend::upload`] already makes the path visible, so that it must wait for what the path refers to; such a
    /// cache is sent NARs as they are.
    fn publishes_with_upload(&self) -> bool {
        false
    }

    /// Sends the file of a path. `narinfo` is complete, signatures included.
    ///
    /// # Errors
    /// When the cache does not take it, after every retry.
    fn upload(&self, narinfo: &NarInfo, packed: &dyn Packed) -> Result<Uploaded, Fault>;

    /// Makes the path visible: all that it refers to is.
    ///
    /// # Errors
    /// When the cache does not take it, after every retry.
    fn publish(&self, narinfo: &NarInfo, uploaded: &Uploaded) -> Result<(), Fault>;

    /// Gives up an upload that will not be published.
    ///
    /// # Errors
    /// When the cache cannot be told.
    fn abandon(&self, _uploaded: &Uploaded) -> Result<(), Fault> {
        Ok(())
    }
}
