//! Caches in a folder of this machine, `file:///folder`, laid out as Nix does it.
//!
//! Nothing is ever visible by halves: each file is written below `.incoming`, and moved to its place when it is complete. What a
//! client that was killed left there is taken away by the next one.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use cache_protocol::{Fault, FaultKind, shown};

use super::incoming::Incoming;
use super::{Backend, Greeting, Packed, Uploaded, cache_info};
use crate::narinfo::NarInfo;

/// What Nix assumes of a cache that does not say it, written where its owner will look for it: asked after `cache.nixos.org`.
const PRIORITY: i64 = 50;

/// A cache in a folder.
#[derive(Debug)]
pub struct FileCache {
    folder: PathBuf,
    incoming: OnceLock<Incoming>,
    files: AtomicU64,
}

impl FileCache {
    /// The one in `folder`, which need not be there yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, incoming: OnceLock::new(), files: AtomicU64::new(0) }
    }

    /// The one of `url`: `file:///folder`; what follows a `?` is for Nix.
    ///
    /// # Errors
    /// When it names no absolute folder.
    pub fn open(url: &str) -> Result<Self, Fault> {
        let path = url.strip_prefix("file://").map(|path| path.split('?').next().unwrap_or(path));
        let folder = path.map(percent_decoded).filter(|path| path.is_absolute());
        let folder = folder.ok_or_else(|| {
            Fault::new(
                FaultKind::Usage,
                format!("`{}` names no folder; write it as `file:///absolute/folder`", shown(url)),
            )
        })?;
        Ok(Self::new(folder))
    }

    /// Writes `content` so that it is at `name` whole or not at all.
    fn write(&self, name: &str, content: &mut dyn Read) -> Result<(), Fault> {
        let incoming = self.incoming()?;
        let unfinished = incoming.folder().join(self.files.fetch_add(1, Ordering::Relaxed).to_string());
        let written = File::create_new(&unfinished).and_then(|mut file| copy(content, &mut file));
        let moved = written.and_then(|()| fs::rename(&unfinished, self.folder.join(name)));
        moved.map_err(|error| {
            // What is not complete takes room away from what may still fit; that it cannot be removed is no news then.
            fs::remove_file(&unfinished).ok();
            self.fault("write", name, &error)
        })
    }

    /// Where files are until they are complete.
    fn incoming(&self) -> Result<&Incoming, Fault> {
        if let Some(incoming) = self.incoming.get() {
            return Ok(incoming);
        }
        let begun = Incoming::begin(&self.folder).map_err(|error| fault("write in", &self.folder, &error))?;
        Ok(self.incoming.get_or_init(|| begun))
    }

    /// The file that `narinfo` names, which must be inside the cache.
    fn place(&self, narinfo: &NarInfo) -> Result<PathBuf, Fault> {
        let relative = Path::new(&narinfo.url);
        if relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Ok(self.folder.join(relative));
        }
        let what = format!("the narinfo of `{}` names a file outside the cache: `{}`", narinfo.store_path, narinfo.url);
        Err(Fault::new(FaultKind::NotACache, what))
    }

    fn fault(&self, doing: &str, name: &str, error: &std::io::Error) -> Fault {
        fault(doing, &self.folder.join(name), error)
    }
}

impl Backend for FileCache {
    fn shown(&self) -> String {
        format!("file://{}", self.folder.display())
    }

    fn greet(&self) -> Result<Greeting, Fault> {
        match fs::read_to_string(self.folder.join(cache_info::NAME)) {
            Ok(text) => cache_info::parse(&text).map_err(|error| {
                Fault::new(error.kind, format!("`{}/{}` is {error}", self.folder.display(), cache_info::NAME))
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Greeting::default()),
            Err(error) => Err(self.fault("read", cache_info::NAME, &error)),
        }
    }

    fn missing(&self, hashes: &[String]) -> Result<HashSet<String>, Fault> {
        let mut missing = HashSet::new();
        for hash in hashes {
            let name = format!("{hash}.narinfo");
            let there = self.folder.join(&name).try_exists().map_err(|error| self.fault("look for", &name, &error))?;
            if !there {
                missing.insert(hash.clone());
            }
        }
        Ok(missing)
    }

    fn narinfo(&self, hash: &str) -> Result<Option<NarInfo>, Fault> {
        let name = format!("{hash}.narinfo");
        match fs::read(self.folder.join(&name)) {
            Ok(text) => {
                let read = NarInfo::parse(&String::from_utf8_lossy(&text));
                read.map(Some).map_err(|error| Fault::new(error.kind, format!("`{name}`: {error}")))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.fault("read", &name, &error)),
        }
    }

    fn file_size(&self, narinfo: &NarInfo) -> Result<Option<u64>, Fault> {
        match fs::metadata(self.place(narinfo)?) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.fault("look for", &narinfo.url, &error)),
        }
    }

    fn file(&self, narinfo: &NarInfo) -> Result<Box<dyn Read + Send>, Fault> {
        let file = File::open(self.place(narinfo)?).map_err(|error| self.fault("read", &narinfo.url, &error))?;
        Ok(Box::new(file))
    }

    fn prepare(&self, store_dir: &str) -> Result<(), Fault> {
        fs::create_dir_all(self.folder.join("nar")).map_err(|error| self.fault("make the folder", "nar", &error))?;
        if self.greet()?.exists {
            return Ok(());
        }
        let text = format!("{}Priority: {PRIORITY}\n", cache_info::text(store_dir));
        self.write(cache_info::NAME, &mut text.as_bytes())
    }

    fn staging(&self) -> Option<PathBuf> {
        Some(self.incoming().ok()?.folder().to_owned())
    }

    fn is_local(&self) -> bool {
        true
    }

    fn upload(&self, narinfo: &NarInfo, packed: &dyn Packed) -> Result<Uploaded, Fault> {
        let place = self.place(narinfo)?;
        if let Some(staged) = packed.staged() {
            fs::rename(staged, place).map_err(|error| self.fault("write", &narinfo.url, &error))?;
        } else {
            let mut content = packed.open().map_err(|error| {
                Fault::new(FaultKind::Local, format!("read the packed NAR of `{}`: {error}", narinfo.store_path))
            })?;
            self.write(&narinfo.url, &mut content)?;
        }
        Ok(Uploaded::Named)
    }

    fn publish(&self, narinfo: &NarInfo, _uploaded: &Uploaded) -> Result<(), Fault> {
        let hash = crate::store_path::hash(&narinfo.store_path).ok_or_else(|| {
            Fault::new(FaultKind::Usage, format!("`{}` is not the path of anything in a store", narinfo.store_path))
        })?;
        self.write(&format!("{hash}.narinfo"), &mut narinfo.text().as_bytes())
    }
}

/// A fault of this sort of cache: what was tried where, and how it ended.
#[must_use]
pub fn fault(doing: &str, place: &Path, error: &std::io::Error) -> Fault {
    let kind = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => FaultKind::Full,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FaultKind::Unauthorised,
        ErrorKind::NotFound => FaultKind::Missing,
        _ => FaultKind::Refused,
    };
    Fault::new(kind, format!("{doing} `{}`: {error}", place.display()))
}

fn copy(content: &mut dyn Read, file: &mut File) -> std::io::Result<()> {
    let mut block = [0; 64 * 1024];
    loop {
        match content.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(read) => file.write_all(&block[..read])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// `path` of an address, with `%20` and its like as the bytes that they stand for.
fn percent_decoded(path: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| data_encoding::HEXUPPER_PERMISSIVE.decode(hex).ok());
        match hex {
            Some(decoded) => {
                bytes.extend(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}
