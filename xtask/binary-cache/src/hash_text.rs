//! The forms in which a SHA-256 is written: `sha256:` and base 32 or hexadecimal, or `sha256-` and base64.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use crate::base32;

/// Bytes of a SHA-256.
const LENGTH: usize = 32;

/// The bytes that `text` stands for; `None` if it is no SHA-256 in a form that Nix reads.
#[must_use]
pub fn decode(text: &str) -> Option<[u8; LENGTH]> {
    let bytes = match text.strip_prefix("sha256-") {
        Some(base64) => BASE64.decode(base64.as_bytes()).ok()?,
        None => {
            let digits = text.strip_prefix("sha256:")?;
            match digits.len() {
                52 => base32::decode(digits)?,
                64 => HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?,
                _ => BASE64.decode(digits.as_bytes()).ok()?,
            }
        }
    };
    bytes.try_into().ok()
}

/// `sha256:` and base 32, the form that is signed; `text` itself, if it is none that is known.
#[must_use]
pub fn canonical(text: &str) -> String {
    decode(text).map_or_else(|| text.to_owned(), |bytes| format!("sha256:{}", base32::encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_one_hash() {
        let canonical_form = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
        for text in [
            canonical_form,
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ] {
            assert_eq!(canonical(text), canonical_form, "{text}");
        }
    }

    #[test]
    fn what_is_no_sha256_stays_as_it_is() {
        for text in ["", "sha256:", "md5:e3b0", "sha256-47DE", "sha256:e3b0", "sha512-47DEQpj8HBSa"] {
            assert_eq!(decode(text), None, "{text}");
            assert_eq!(canonical(text), text);
        }
    }
}
