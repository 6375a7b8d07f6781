//! A cache in memory whose content a test plants, faults included.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::{Mutex, MutexGuard};

use cache_protocol::{Cache, Fault, FaultKind};
use sha2::{Digest, Sha256};

use crate::backend::{Backend, Greeting, Packed, Uploaded};
use crate::base32;
use crate::narinfo::NarInfo;
use crate::signature::SigningKey;
use crate::store_path;

/// `/nix/store/HASH-NAME`, the same for each name.
pub fn path(name: &str) -> String {
    format!("/nix/store/{}-{name}", base32::encode(&Sha256::digest(name)[..20]))
}

pub fn hash(name: &str) -> String {
    store_path::hash(&path(name)).unwrap().to_owned()
}

pub fn fault(kind: FaultKind) -> Fault {
    Fault::new(kind, format!("{kind:?}"))
}

/// What the cache holds and does.
#[derive(Default)]
pub struct Content {
    pub greeting: Greeting,
    /// Text of narinfos, by hash.
    pub narinfos: HashMap<String, String>,
    /// Files, by address.
    pub files: HashMap<String, Vec<u8>>,
    /// What is answered instead: by hash, by address, or to `greet`.
    pub faults: HashMap<String, Fault>,
    /// How often a file breaks off in its middle, by address.
    pub breaks: HashMap<String, usize>,
    /// What was asked for, in its order.
    pub asked: Vec<String>,
}

pub struct Planted {
    name: String,
    key: SigningKey,
    content: Mutex<Content>,
}

impl Planted {
    /// A cache that holds `store`, written as `app -> lib doc; lib; doc`, packed with zstd and signed by the key of its name.
    pub fn new(name: &str, store: &str) -> Self {
        let key = SigningKey::from_seed(&format!("{name}-1"), [7; 32]);
        let greeting = Greeting { exists: true, store_dir: Some("/nix/store".to_owned()), ..Greeting::default() };
        let planted =
            Self { name: name.to_owned(), key, content: Mutex::new(Content { greeting, ..Content::default() }) };
        planted.add(store);
        planted
    }

    pub fn add(&self, store: &str) {
        for line in store.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            let (name, references) = line.split_once("->").unwrap_or((line, ""));
            self.add_path(name.trim(), references);
        }
    }

    fn add_path(&self, name: &str, references: &str) {
        let nar = format!("the content of {name}").repeat(1000).into_bytes();
        let base = |name: &str| store_path::base_name(&path(name)).unwrap().to_owned();
        let narinfo = NarInfo {
            store_path: path(name),
            url: format!("nar/{name}.nar.zst"),
            nar_hash: sha256(&nar),
            nar_size: nar.len() as u64,
            references: references.split_whitespace().map(base).collect(),
            ..NarInfo::default()
        };
        self.put(name, narinfo, "zstd", zstd::encode_all(nar.as_slice(), 3).unwrap());
    }

    /// Puts `file` there as the one of `narinfo`, and signs that.
    fn put(&self, name: &str, narinfo: NarInfo, compression: &str, file: Vec<u8>) {
        let narinfo = NarInfo {
            compression: compression.to_owned(),
            file_hash: Some(sha256(&file)),
            file_size: Some(file.len() as u64),
            ..narinfo
        };
        self.content().files.insert(narinfo.url.clone(), file);
        self.content().narinfos.insert(hash(name), narinfo.text());
        self.edit(name, |_| {});
    }

    /// Replaces the file of `name`, in a narinfo that says of the file what it is.
    pub fn repack(&self, name: &str, compression: &str, file: Vec<u8>) {
        let narinfo = self.parsed(name);
        self.put(name, narinfo, compression, file);
    }

    /// Changes the narinfo of `name`, and signs it again.
    pub fn edit(&self, name: &str, change: impl FnOnce(&mut NarInfo)) {
        let mut narinfo = self.parsed(name);
        change(&mut narinfo);
        let mut sorted = narinfo.clone();
        sorted.references.sort();
        narinfo.signatures = vec![self.key.sign(&sorted.fingerprint())];
        self.content().narinfos.insert(hash(name), narinfo.text());
    }

    /// Changes the narinfo of `name`, and leaves the signatures as they come out.
    pub fn tamper(&self, name: &str, change: impl FnOnce(&mut NarInfo)) {
        let mut narinfo = self.parsed(name);
        change(&mut narinfo);
        self.content().narinfos.insert(hash(name), narinfo.text());
    }

    pub fn nar(&self, name: &str) -> Vec<u8> {
        let url = self.parsed(name).url;
        zstd::decode_all(self.content().files[&url].as_slice()).unwrap()
    }

    fn parsed(&self, name: &str) -> NarInfo {
        NarInfo::parse(&self.content().narinfos[&hash(name)]).unwrap()
    }

    pub fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap()
    }

    /// The cache, as a request names it: trusted.
    pub fn cache(&self) -> Cache {
        let public_keys = vec![self.key.public()];
        Cache { url: self.shown(), public_keys, signing_key: None, token: None, netrc: Vec::new() }
    }

    fn ask(&self, what: &str) -> Result<MutexGuard<'_, Content>, Fault> {
        let mut content = self.content();
        content.asked.push(what.to_owned());
        match content.faults.get(what) {
            Some(fault) => Err(fault.clone()),
            None => Ok(content),
        }
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", base32::encode(&Sha256::digest(bytes)))
}

/// A file that breaks off.
struct Broken<R>(R);

impl<R: Read> Read for Broken<R> {
    fn read(&mut self, block: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(block)? {
            0 => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            read => Ok(read),
        }
    }
}

impl Backend for Planted {
    fn shown(&self) -> String {
        format!("memory://{}", self.name)
    }

    fn greet(&self) -> Result<Greeting, Fault> {
        self.ask("greet").map(|content| content.greeting.clone())
    }

    fn missing(&self, hashes: &[String]) -> Result<HashSet<String>, Fault> {
        let content = self.ask("missing")?;
        Ok(hashes.iter().filter(|hash| !content.narinfos.contains_key(*hash)).cloned().collect())
    }

    fn narinfo(&self, hash: &str) -> Result<Option<NarInfo>, Fault> {
        self.ask(hash)?.narinfos.get(hash).map(|text| NarInfo::parse(text)).transpose()
    }

    fn file_size(&self, narinfo: &NarInfo) -> Result<Option<u64>, Fault> {
        Ok(self.ask(&narinfo.url)?.files.get(&narinfo.url).map(|file| file.len() as u64))
    }

    fn file(&self, narinfo: &NarInfo) -> Result<Box<dyn Read + Send>, Fault> {
        let mut content = self.ask(&format!("file {}", narinfo.url))?;
        let file = content.files.get(&narinfo.url).cloned().ok_or_else(|| fault(FaultKind::Missing))?;
        if let Some(breaks) = content.breaks.get_mut(&narinfo.url).filter(|breaks| **breaks > 0) {
            *breaks -= 1;
            return Ok(Box::new(Broken(std::io::Cursor::new(file[..file.len() / 2].to_vec()))));
        }
        Ok(Box::new(std::io::Cursor::new(file)))
    }

    fn prepare(&self, _store_dir: &str) -> Result<(), Fault> {
        Err(fault(FaultKind::Refused))
    }

    fn upload(&self, _narinfo: &NarInfo, _packed: &dyn Packed) -> Result<Uploaded, Fault> {
        Err(fault(FaultKind::Refused))
    }

    fn publish(&self, _narinfo: &NarInfo, _uploaded: &Uploaded) -> Result<(), Fault> {
        Err(fault(FaultKind::Refused))
    }
}
