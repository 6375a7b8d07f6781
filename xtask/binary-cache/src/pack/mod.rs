//! One pass over a store path: its NAR is read, compared with the store's database, looked through, packed and hashed.

mod budget;
mod compressor;
mod packed;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use cache_protocol::{Compression, Fault, FaultKind, PathInfo};
use sha2::{Digest as _, Sha256};

use crate::base32;
use crate::nar::{Dump, Take};
pub use budget::Budget;
use compressor::Compressor;
pub use packed::PackedNar;
use packed::{Spool, Written};

/// Sees the NAR of one path while it is packed; the first fault that it returns ends that.
pub trait Observer {
    /// Sees the next block.
    ///
    /// # Errors
    /// When the path must not leave this machine.
    fn see(&mut self, block: &[u8]) -> Result<(), Fault>;

    /// Has seen everything.
    ///
    /// # Errors
    /// When the path must not leave this machine.
    fn end(&mut self) -> Result<(), Fault>;
}

/// Lets everything pass.
pub struct Unobserved;

impl Observer for Unobserved {
    fn see(&mut self, _block: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// How and where NARs are packed: the same for all packers of a push.
pub struct Packing {
    /// How.
    pub compression: Compression,
    /// Bytes that may wait in memory, over all of them.
    pub budget: Budget,
    /// A folder that the cache takes files from by moving them.
    pub staging: Option<PathBuf>,
}

/// Packs one path after another; keeps its memory from one to the next. Each thread has one.
pub struct Packer<'a> {
    packing: &'a Packing,
    stop: &'a AtomicBool,
    dump: Dump,
    compressor: Compressor,
}

impl<'a> Packer<'a> {
    /// A packer that gives up as soon as `stop` is set.
    ///
    /// # Errors
    /// When there is no memory for the compression.
    pub fn new(packing: &'a Packing, stop: &'a AtomicBool) -> Result<Self, Fault> {
        let compressor = Compressor::new(packing.compression)?;
        Ok(Self { packing, stop, dump: Dump::default(), compressor })
    }

    /// Packs the path of `info`, which is at `on_disk`.
    ///
    /// # Errors
    /// When it cannot be read, is not what the store's database says, or must not leave; when there is no room to keep it.
    pub fn pack(
        &mut self,
        info: &PathInfo,
        on_disk: &Path,
        observer: &mut dyn Observer,
    ) -> Result<PackedNar<'a>, Fault> {
        self.compressor.begin(info.nar_size)?;
        let mut file = HashedSpool {
            // A file that is the NAR itself has its hash.
            hash: (self.packing.compression != Compression::None).then(Sha256::new),
            spool: Spool::new(&self.packing.budget, self.packing.staging.as_deref()),
        };
        let compressor = &mut self.compressor;
        let nar = read(&mut self.dump, info, on_disk, observer, self.stop, &mut |block| {
            compressor.pack(block, &mut |packed| file.write(packed))
        })?;
        compressor.end(&mut |packed| file.write(packed))?;
        let sha256 = file.hash.map_or(nar, |hash| hash.finalize().into());
        let Written { place, size } = file.spool.finish();
        Ok(PackedNar::new(place, size, sha256, self.stop))
    }
}

/// Looks through the path of `info`, which is at `on_disk`, and packs nothing: for what somebody else sends.
///
/// # Errors
/// When it cannot be read, is not what the store's database says, or must not leave; when `stop` is set.
pub fn look_through(
    dump: &mut Dump,
    info: &PathInfo,
    on_disk: &Path,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<(), Fault> {
    read(dump, info, on_disk, observer, stop, &mut |_| Ok(())).map(|_| ())
}

/// Hands the NAR of a path to `take`, block by block, once `observer` has seen each; its hash.
fn read(
    dump: &mut Dump,
    info: &PathInfo,
    on_disk: &Path,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
    take: &mut Take,
) -> Result<[u8; 32], Fault> {
    let mut nar = Sha256::new();
    let mut size = 0_u64;
    let dumped = dump.run(on_disk, &mut |block| {
        if stop.load(Ordering::Relaxed) {
            return Err(Fault::new(FaultKind::Interrupted, format!("interrupted while packing `{}`", info.path)));
        }
        size += block.len() as u64;
        if size > info.nar_size {
            let more = format!("its NAR has more than the {} bytes that the store's database says", info.nar_size);
            return Err(altered(info, &more));
        }
        nar.update(block);
        observer.see(block)?;
        take(block)
    });
    dumped.map_err(|fault| match on_disk.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => altered(info, "it is gone"),
        _ => fault,
    })?;
    let nar: [u8; 32] = nar.finalize().into();
    check(info, size, &nar)?;
    observer.end()?;
    Ok(nar)
}

/// What is packed, on its way.
struct HashedSpool<'a> {
    hash: Option<Sha256>,
    spool: Spool<'a>,
}

impl HashedSpool<'_> {
    fn write(&mut self, block: &[u8]) -> Result<(), Fault> {
        if let Some(hash) = &mut self.hash {
            hash.update(block);
        }
        self.spool.write(block)
    }
}

/// Compares what was read with what was registered.
fn check(info: &PathInfo, size: u64, nar: &[u8; 32]) -> Result<(), Fault> {
    if size != info.nar_size {
        let differ = format!("its NAR has {size} bytes, and {} by the store's database", info.nar_size);
        return Err(altered(info, &differ));
    }
    let hash = format!("sha256:{}", base32::encode(nar));
    if hash != info.nar_hash {
        let differ = format!("the hash of its NAR is {hash}, and {} by the store's database", info.nar_hash);
        return Err(altered(info, &differ));
    }
    Ok(())
}

fn altered(info: &PathInfo, how: &str) -> Fault {
    let path = &info.path;
    let what =
        format!("`{path}` was altered on disk after it was registered: {how}; run `nix-store --repair-path {path}`");
    Fault::new(FaultKind::Local, what)
}
