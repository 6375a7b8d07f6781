//! What the fake of Cachix makes of an upload: started, part by part, completed together with its narinfo, or aborted.

use binary_cache::narinfo::NarInfo;
use binary_cache::signature::{Trust, judge};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Cache, Cachix};
use crate::http::{Asked, Reply};

impl Cachix {
    pub(super) fn add_key(&self, name: &str, asked: &Asked) -> Reply {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let key = body["publicKey"].as_str().unwrap_or_default();
        if BASE64.decode(key.as_bytes()).map_or(0, |key| key.len()) != 32 {
            return Reply::text(400, "publicKey is 32 bytes in base64, without a name");
        }
        self.change(name, |cache| cache.own_keys.push(key.to_owned()));
        Reply::status(200)
    }

    pub(super) fn start(&self, name: &str, asked: &Asked) -> Reply {
        let Some(extension @ ("zst" | "xz")) = asked.parameter("compression") else {
            return Reply::text(400, "Wrong compression method");
        };
        let serial = {
            let mut state = self.state();
            state.serial += 1;
            state.serial
        };
        let (nar, upload) = (format!("00000000-0000-4000-8000-{serial:012}"), format!("upload/{serial}+a="));
        self.change(name, |cache| cache.uploads.insert(nar.clone(), (upload.clone(), extension.to_owned())));
        Reply::json(200, &json!({"narId": nar, "uploadId": upload}))
    }

    /// The extension of the upload that is asked about, if there is one.
    fn upload(&self, name: &str, nar: &str, asked: &Asked) -> Option<String> {
        let uploads = self.change(name, |cache| cache.uploads.clone());
        let (upload, extension) = uploads.get(nar)?;
        (asked.parameter("uploadId") == Some(upload)).then(|| extension.clone())
    }

    pub(super) fn part(&self, name: &str, nar: &str, asked: &Asked) -> Reply {
        if self.upload(name, nar, asked).is_none() {
            return Reply::status(404);
        }
        let number: u32 = asked.parameter("partNumber").and_then(|number| number.parse().ok()).unwrap_or(0);
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let md5 = body["contentMD5"].as_str().unwrap_or_default();
        if number == 0 || number > 10_000 || BASE64.decode(md5.as_bytes()).map_or(0, |md5| md5.len()) != 16 {
            return Reply::status(400);
        }
        let url = self.objects.presigned("PUT", &format!("/uploads/{nar}/{number}"), md5);
        Reply::json(200, &json!({"uploadUrl": url}))
    }

    pub(super) fn abort(&self, name: &str, nar: &str, asked: &Asked) -> Reply {
        if self.upload(name, nar, asked).is_none() {
            return Reply::status(404);
        }
        self.forget(name, nar);
        Reply::status(200)
    }

    fn forget(&self, name: &str, nar: &str) {
        for path in self.objects.paths(&format!("/uploads/{nar}/")) {
            self.objects.remove(&path);
        }
        self.change(name, |cache| cache.uploads.remove(nar));
    }

    pub(super) fn complete(&self, name: &str, nar: &str, asked: &Asked) -> Reply {
        let Some(extension) = self.upload(name, nar, asked) else { return Reply::status(404) };
        match self.completed(name, nar, &extension, &asked.body) {
            Ok(()) => {
                self.forget(name, nar);
                Reply::status(200)
            }
            Err(why) => Reply::text(400, why),
        }
    }

    fn completed(&self, name: &str, nar: &str, extension: &str, body: &[u8]) -> Result<(), &'static str> {
        let body: Value = serde_json::from_slice(body).map_err(|_| "no JSON")?;
        let parts = body["parts"].as_array().ok_or("parts")?;
        let tags: Option<Vec<(u64, String)>> =
            parts.iter().map(|part| Some((part["partNumber"].as_u64()?, part["eTag"].as_str()?.to_owned()))).collect();
        let file = self.objects.assembled(&format!("/uploads/{nar}"), &tags.ok_or("a part without number or tag")?)?;
        let create = &body["narInfoCreate"];
        let text = |field: &str| create[field].as_str().ok_or("narInfoCreate without one of its texts");
        let file_hash = HEXLOWER.encode(&Sha256::digest(&file));
        if text("cFileHash")? != file_hash {
            return Err("cFileHash is not the hexadecimal SHA-256 of the file");
        }
        if create["cFileSize"].as_u64() != Some(file.len() as u64) {
            return Err("cFileSize is not that of the file");
        }
        let nar_hash = text("cNarHash")?;
        if nar_hash.strip_prefix("sha256:").and_then(binary_cache::base32::decode).is_none_or(|hash| hash.len() != 32) {
            return Err("cNarHash is not sha256: and base 32");
        }
        let nar_size = create["cNarSize"].as_u64().filter(|size| *size > 0).ok_or("NarSizeIsZero")?;
        let references = create["cReferences"].as_array().ok_or("cReferences")?;
        let (hash, deriver) = (text("cStoreHash")?, text("cDeriver")?);
        let store_dir = self.change(name, |cache| cache.store_dir.clone());
        let mut narinfo = NarInfo {
            store_path: format!("{store_dir}/{hash}-{}", text("cStoreSuffix")?),
            url: format!("nar/{file_hash}.nar.{extension}"),
            compression: if extension == "zst" { "zstd" } else { "xz" }.to_owned(),
            // Unlike in other caches, hexadecimal.
            file_hash: Some(format!("sha256:{file_hash}")),
            file_size: Some(file.len() as u64),
            nar_hash: nar_hash.to_owned(),
            nar_size,
            references: references.iter().filter_map(|base| Some(base.as_str()?.to_owned())).collect(),
            deriver: Some(deriver.to_owned()).filter(|deriver| deriver != "unknown-deriver"),
            ..NarInfo::default()
        };
        narinfo.references.sort();
        let signature = create["cSig"].as_str().map(|base64| format!("{name}.cachix.org-1:{base64}"));
        self.change(name, |cache| {
            narinfo.signatures = vec![signed(cache, name, &narinfo, signature)?];
            cache.narinfos.insert(hash.to_owned(), narinfo.text());
            Ok::<(), &'static str>(())
        })?;
        self.objects.put(&format!("/files/{name}/{file_hash}.nar.{extension}"), file);
        Ok(())
    }

    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Cache) -> T) -> T {
        change(self.state().caches.get_mut(name).unwrap())
    }
}

/// The signature that is served: the pusher's, if it is by a key of this cache, or the cache's own.
fn signed(cache: &Cache, name: &str, narinfo: &NarInfo, own: Option<String>) -> Result<String, &'static str> {
    let Some(own) = own else {
        let managed = cache.managed.as_ref().ok_or("this cache is signed by who pushes")?;
        return Ok(managed.sign(&narinfo.fingerprint()));
    };
    let keys: Vec<String> = cache.own_keys.iter().map(|key| format!("{name}.cachix.org-1:{key}")).collect();
    match judge(&narinfo.fingerprint(), std::slice::from_ref(&own), &keys) {
        Trust::Signed(_) => Ok(own),
        _ => Err("cSig is by no key of this cache"),
    }
}
