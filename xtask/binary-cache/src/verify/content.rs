//! What is in a file of a cache: fetched, unpacked and hashed, without ever being whole in memory.

use std::io::{self, Read};
use std::sync::{Condvar, Mutex, PoisonError};

use cache_protocol::{Fault, FaultKind, VerifyFault};
use sha2::{Digest, Sha256};

use crate::backend::Backend;
use crate::base32;
use crate::hash_text;
use crate::narinfo::NarInfo;

/// Every compression that Nix knows by name (`compression.cc`).
const KNOWN: [&str; 13] =
    ["none", "br", "bzip2", "compress", "grzip", "gzip", "lrzip", "lz4", "lzip", "lzma", "lzop", "xz", "zstd"];

/// Bytes that are read at once.
const BLOCK: usize = 128 * 1024;

/// Whether Nix can unpack it.
#[must_use]
pub fn is_known(compression: &str) -> bool {
    KNOWN.contains(&compression)
}

/// What came of fetching a file.
#[derive(Debug, PartialEq)]
pub enum Fetched {
    /// It holds what the narinfo says.
    Fits,
    /// It does not.
    Differs(VerifyFault),
    /// Its end never came, which says nothing about it.
    BrokeOff(Fault),
}

/// Fetches the file that `narinfo` names, and compares what is in it.
///
/// # Errors
/// When the cache cannot be asked for it.
pub fn check(cache: &dyn Backend, narinfo: &NarInfo) -> Result<Fetched, Fault> {
    let differs = |what: String| Ok(Fetched::Differs(VerifyFault::FileContent(what)));
    let mut file = match cache.file(narinfo) {
        Ok(file) => Counted::new(file),
        Err(fault) if fault.kind == FaultKind::Missing => {
            return Ok(Fetched::Differs(VerifyFault::NoFile(narinfo.url.clone())));
        }
        Err(fault) => return Err(fault),
    };
    let unpacked = match narinfo.compression.as_str() {
        "none" => unpack(&mut file, narinfo.nar_size),
        "zstd" => zstd::Decoder::new(&mut file).and_then(|nar| unpack(nar, narinfo.nar_size)),
        "xz" => unpack(liblzma::read::XzDecoder::new_multi_decoder(&mut file), narinfo.nar_size),
        other => {
            let known = "only `zstd`, `xz` and `none` can be unpacked here";
            return differs(format!("its compression is `{other}`: {known}"));
        }
    };
    // What is behind the end of the NAR belongs to the hash of the file.
    let rest = if unpacked.is_ok() { io::copy(&mut file, &mut io::sink()).map(drop) } else { Ok(()) };
    if let Some(error) = file.broken {
        let what = format!("get {}: it broke off: {error}", narinfo.url);
        return Ok(Fetched::BrokeOff(Fault::new(FaultKind::Unreachable, what)));
    }
    let nar = match unpacked.and_then(|nar| rest.map(|()| nar)) {
        Ok(nar) => nar,
        Err(error) => return differs(format!("it cannot be unpacked as `{}`: {error}", narinfo.compression)),
    };
    if nar.size > narinfo.nar_size {
        return differs(format!("its NAR has more than the {} bytes of its narinfo", narinfo.nar_size));
    }
    if nar.size != narinfo.nar_size {
        return differs(format!("its NAR has {} bytes, and {} by its narinfo", nar.size, narinfo.nar_size));
    }
    if let Some(size) = narinfo.file_size.filter(|size| *size != file.size) {
        return Ok(Fetched::Differs(VerifyFault::FileSize { expected: size, found: file.size }));
    }
    let file_hash = narinfo.file_hash.as_deref().map(|hash| ("the file", hash, file.hash.finalize()));
    let hashes = file_hash.into_iter().chain([("its NAR", narinfo.nar_hash.as_str(), nar.hash)]);
    for (what, expected, found) in hashes {
        if hash_text::decode(expected).as_ref().map(<[u8; 32]>::as_slice) != Some(found.as_slice()) {
            let found = base32::encode(&found);
            return differs(format!("the hash of {what} is `sha256:{found}`, and `{expected}` by its narinfo"));
        }
    }
    Ok(Fetched::Fits)
}

struct Nar {
    size: u64,
    hash: sha2::digest::Output<Sha256>,
}

/// Reads to the end, or to the first block beyond `size`: nobody else would stop something small that unpacks to no end.
fn unpack(mut nar: impl Read, size: u64) -> io::Result<Nar> {
    let (mut hash, mut found) = (Sha256::new(), 0_u64);
    let mut block = vec![0; BLOCK];
    while found <= size {
        match nar.read(&mut block)? {
            0 => break,
            read => {
                found += read as u64;
                hash.update(block.get(..read).unwrap_or_default());
            }
        }
    }
    Ok(Nar { size: found, hash: hash.finalize() })
}

/// A file that is hashed while it is read, and that tells what broke off from what cannot be unpacked.
struct Counted {
    file: Box<dyn Read + Send>,
    hash: Sha256,
    size: u64,
    broken: Option<String>,
}

impl Counted {
    fn new(file: Box<dyn Read + Send>) -> Self {
        Self { file, hash: Sha256::new(), size: 0, broken: None }
    }
}

impl Read for Counted {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(block).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.broken = Some(error.to_string());
            }
        })?;
        self.size += read as u64;
        self.hash.update(block.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// How many files are unpacked at a time: each takes a processor and some megabytes, unlike a request.
pub struct Places {
    free: Mutex<usize>,
    changed: Condvar,
}

impl Places {
    /// So many.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { free: Mutex::new(count.max(1)), changed: Condvar::new() }
    }

    /// Waits for a place, and holds it during `work`.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.changed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        drop(free);
        let result = work();
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_one();
        result
    }
}
