//! The narinfo of a path that was packed: where its file is, what is in it, and who says so.

use cache_protocol::{Compression, Fault, FaultKind, PathInfo};

use crate::backend::Packed;
use crate::base32;
use crate::narinfo::NarInfo;
use crate::signature::SigningKey;
use crate::store_path;

/// The narinfo of the path of `info`, signed with `key` besides the signatures that it has.
///
/// # Errors
/// When what the store's database says of it holds something that is no store path.
pub fn describe(
    info: &PathInfo,
    packed: &dyn Packed,
    compression: Compression,
    key: Option<&SigningKey>,
) -> Result<NarInfo, Fault> {
    let file_hash = base32::encode(&packed.sha256());
    let (name, suffix) = match compression {
        Compression::Zstd => ("zstd", ".zst"),
        Compression::Xz => ("xz", ".xz"),
        Compression::None => ("none", ""),
    };
    let base_name = |path: &String| {
        store_path::base_name(path).map(str::to_owned).ok_or_else(|| {
            Fault::new(FaultKind::Local, format!("`{}` refers to `{path}`, which is no store path", info.path))
        })
    };
    let mut narinfo = NarInfo {
        store_path: info.path.clone(),
        url: format!("nar/{file_hash}.nar{suffix}"),
        compression: name.to_owned(),
        file_hash: Some(format!("sha256:{file_hash}")),
        file_size: Some(packed.size()),
        nar_hash: info.nar_hash.clone(),
        nar_size: info.nar_size,
        references: info.references.iter().map(base_name).collect::<Result<_, _>>()?,
        deriver: info.deriver.as_ref().map(base_name).transpose()?,
        signatures: info.signatures.clone(),
        ca: info.ca.clone(),
    };
    // The fingerprint names references in this order.
    narinfo.references.sort_unstable();
    if let Some(key) = key {
        // One signature for each name: an older one of ours may be of a key that was replaced.
        let ours = format!("{}:", key.name());
        narinfo.signatures.retain(|signature| !signature.starts_with(&ours));
        narinfo.signatures.push(key.sign(&narinfo.fingerprint()));
    }
    Ok(narinfo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{Trust, judge};

    struct Seven;

    impl Packed for Seven {
        fn size(&self) -> u64 {
            7
        }

        fn sha256(&self) -> [u8; 32] {
            [0; 32]
        }

        fn open(&self) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
            Ok(Box::new(std::io::empty()))
        }
    }

    fn of(hash: char, name: &str) -> String {
        format!("/nix/store/{}-{name}", String::from(hash).repeat(32))
    }

    fn path_info() -> PathInfo {
        PathInfo {
            path: of('b', "it"),
            nar_hash: "sha256:nar".to_owned(),
            nar_size: 9,
            references: vec![of('b', "it"), of('a', "other")],
            deriver: Some(of('c', "it.drv")),
            signatures: vec!["other-1:AAAA".to_owned(), "fleet-1:old".to_owned()],
            ca: None,
            ultimate: true,
        }
    }

    #[test]
    fn where_its_file_is() {
        let check = |compression: Compression, url: &str, name: &str| {
            let narinfo = describe(&path_info(), &Seven, compression, None).unwrap();
            assert_eq!((narinfo.url, narinfo.compression.as_str()), (format!("nar/{}{url}", "0".repeat(52)), name));
        };
        check(Compression::Zstd, ".nar.zst", "zstd");
        check(Compression::Xz, ".nar.xz", "xz");
        check(Compression::None, ".nar", "none");
    }

    #[test]
    fn what_it_says_and_who_signed_it() {
        let key = SigningKey::from_seed("fleet-1", [1; 32]);
        let narinfo = describe(&path_info(), &Seven, Compression::Zstd, Some(&key)).unwrap();
        assert_eq!((narinfo.file_size, narinfo.nar_size), (Some(7), 9));
        assert_eq!(narinfo.file_hash, Some(format!("sha256:{}", "0".repeat(52))));
        assert_eq!(narinfo.references, [format!("{}-other", "a".repeat(32)), format!("{}-it", "b".repeat(32))]);
        assert_eq!(narinfo.deriver, Some(format!("{}-it.drv", "c".repeat(32))));
        assert_eq!(narinfo.signatures.len(), 2);
        assert_eq!(narinfo.signatures[0], "other-1:AAAA");
        let trust = judge(&narinfo.fingerprint(), &narinfo.signatures, &[key.public()]);
        assert_eq!(trust, Trust::Signed("fleet-1".to_owned()));
        let unsigned = describe(&path_info(), &Seven, Compression::Zstd, None).unwrap();
        assert_eq!(unsigned.signatures, path_info().signatures);
    }

    #[test]
    fn what_refers_to_no_store_path_is_refused() {
        let info = PathInfo { references: vec!["/nix/store/x".to_owned()], ..path_info() };
        let error = describe(&info, &Seven, Compression::None, None).unwrap_err();
        assert!(error.what.ends_with("-it` refers to `/nix/store/x`, which is no store path"), "{error}");
    }
}
