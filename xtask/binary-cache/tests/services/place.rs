//! Where the tests of services happen: tokens in the environment, patience, and paths to be pushed.

use std::io::Read;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use binary_cache::backend::{Backend, Packed};
use binary_cache::base32;
use binary_cache::narinfo::NarInfo;
use binary_cache::transport::Settings;
use cache_protocol::{Cache, Fault, KeySource, Token};
use data_encoding::BASE64;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::tokens::{TELLTALE, jwt};
use crate::{nix, s3};

/// Says that the environment holds the tokens.
const INSIDE: &str = "SERVICES_TEST_INSIDE";

/// The token in the variable `name`.
pub fn token(name: &str) -> String {
    jwt(&json!({"jti": name, "scopes": "cache", "exp": 1_900_000_000}))
}

/// 64 bytes of a key that signs, as `CACHIX_SIGNING_KEY` has them, and the 32 of its public half.
pub fn own_key() -> (String, String) {
    let pair = ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new([5; 32]));
    (BASE64.encode(pair.sk.as_ref()), BASE64.encode(pair.pk.as_ref()))
}

/// Runs `body` with all tokens in the environment: in a process of its own, since a process cannot safely change its environment.
/// Nothing that is written there may hold a token.
pub fn with_tokens(body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let test = std::thread::current().name().unwrap().to_owned();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test.as_str(), "--exact", "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    for name in ["MANAGEMENT", "WRITE", "READ", "STRANGER"] {
        command.env(name, token(name));
    }
    command.env("SIGNING_KEY", own_key().0).env("NAMED_KEY", format!("named-1:{}", own_key().0));
    command.env("AWS_ACCESS_KEY_ID", s3::KEY).env("AWS_SECRET_ACCESS_KEY", s3::SECRET);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_silent(&said);
}

/// Nothing secret is in `text`.
pub fn assert_silent(text: &str) {
    let (signing, _) = own_key();
    for secret in [TELLTALE, "signature=", "Signature=", s3::SECRET, &signing] {
        assert!(!text.contains(secret), "it holds {secret}");
    }
}

/// A cache as it would stand in `xtask.toml`.
pub fn cache(url: &str, token: Option<&str>) -> Cache {
    Cache {
        url: url.to_owned(),
        public_keys: Vec::new(),
        signing_key: None,
        token: token.map(|variable| Token { variable: variable.to_owned() }),
        netrc: Vec::new(),
    }
}

/// `cache`, signed by the key in the environment.
pub fn signed(cache: Cache) -> Cache {
    Cache { signing_key: Some(KeySource::Variable("SIGNING_KEY".to_owned())), ..cache }
}

/// What was said of retries.
pub type Retries = Arc<Mutex<Vec<Fault>>>;

/// Settings with so many milliseconds of patience, and what is said of retries.
pub fn settings(patience: u64) -> (Settings, Retries) {
    let retries = Retries::default();
    let told = Arc::clone(&retries);
    let settings = Settings::new(
        Duration::from_millis(patience),
        8,
        Arc::new(move |fault: &Fault, _| told.lock().unwrap().push(fault.clone())),
    );
    (Settings { backoff: Duration::from_millis(5), ..settings }, retries)
}

/// A path that could be in the store.
pub struct Sample {
    pub narinfo: NarInfo,
    pub packed: Memory,
    /// What stands in its file.
    pub content: Vec<u8>,
}

/// A packed NAR in memory.
pub struct Memory(pub Vec<u8>);

impl Packed for Memory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    fn open(&self) -> std::io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0.as_slice()))
    }
}

/// The path `name` with `content`, which refers to itself and to `references`, packed as `zstd` or `none`.
pub fn sample(name: &str, references: &[&Sample], content: Vec<u8>, compression: &str) -> Sample {
    let base = format!("{}-{name}", base32::encode(&Sha256::digest(name)[..20]));
    let nar = nix::dump(&content);
    let file = if compression == "zstd" { zstd::encode_all(nar.as_slice(), 1).unwrap() } else { nar.clone() };
    let mut bases: Vec<String> = references
        .iter()
        .map(|sample| sample.narinfo.store_path.trim_start_matches("/nix/store/").to_owned())
        .collect();
    bases.push(base.clone());
    bases.sort();
    let hash = |bytes: &[u8]| format!("sha256:{}", base32::encode(&Sha256::digest(bytes)));
    let narinfo = NarInfo {
        store_path: format!("/nix/store/{base}"),
        url: format!("nar/{base}.nar.zst"),
        compression: compression.to_owned(),
        file_hash: Some(hash(&file)),
        file_size: Some(file.len() as u64),
        nar_hash: hash(&nar),
        nar_size: nar.len() as u64,
        references: bases,
        ..NarInfo::default()
    };
    Sample { narinfo, packed: Memory(file), content }
}

/// Two paths, of which the second refers to the first.
pub fn samples(compression: &str) -> [Sample; 2] {
    let library = sample("library", &[], b"library".to_vec(), compression);
    let program = sample("program", &[&library], b"program".to_vec(), compression);
    [library, program]
}

/// The 32 digits of a path.
pub fn hash(sample: &Sample) -> String {
    binary_cache::store_path::hash(&sample.narinfo.store_path).unwrap().to_owned()
}

/// Uploads and publishes `samples`, in their order.
pub fn push(backend: &dyn Backend, samples: &[Sample]) -> Result<(), Fault> {
    for sample in samples {
        let uploaded = backend.upload(&sample.narinfo, &sample.packed)?;
        backend.publish(&sample.narinfo, &uploaded)?;
    }
    Ok(())
}
