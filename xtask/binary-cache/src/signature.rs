//! Keys and signatures: `name:base64`, Ed25519 over the fingerprint of a path.

use cache_protocol::{Fault, FaultKind};
use data_encoding::BASE64;
use ed25519_compact::{PublicKey, SecretKey, Signature};

/// A secret key with its name. It is never shown.
pub struct SigningKey {
    name: String,
    secret: SecretKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads `name:base64` of 64 bytes, as `nix-store --generate-binary-cache-key` writes it.
    ///
    /// # Errors
    /// When it is not such a key; the error does not hold it.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let unreadable = || Fault::new(FaultKind::Usage, "the signing key is not `name:base64` of 64 bytes");
        let (name, base64) = text.trim().split_once(':').ok_or_else(unreadable)?;
        let bytes = BASE64.decode(base64.as_bytes()).map_err(|_| unreadable())?;
        let secret = SecretKey::from_slice(&bytes).map_err(|_| unreadable())?;
        if name.is_empty() {
            return Err(unreadable());
        }
        Ok(Self { name: name.to_owned(), secret })
    }

    /// A new key.
    #[must_use]
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Self {
        let secret = ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new(seed)).sk;
        Self { name: name.to_owned(), secret }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `name:base64` of the signature of `fingerprint`.
    #[must_use]
    pub fn sign(&self, fingerprint: &str) -> String {
        format!("{}:{}", self.name, BASE64.encode(self.secret.sign(fingerprint, None).as_ref()))
    }

    /// `name:base64` of all of it, for tests alone.
    #[cfg(test)]
    pub fn secret_text(&self) -> String {
        format!("{}:{}", self.name, BASE64.encode(self.secret.as_ref()))
    }

    /// `name:base64` of its public half.
    #[must_use]
    pub fn public(&self) -> String {
        format!("{}:{}", self.name, BASE64.encode(self.secret.public_key().as_ref()))
    }
}

/// Whether `base64` is a secret key, as it stands behind the name: its second half is the public key that follows from its first.
#[must_use]
pub fn is_secret_key(base64: &str) -> bool {
    let bytes = BASE64.decode(base64.as_bytes()).ok().filter(|bytes| bytes.len() == SecretKey::BYTES);
    let halves = bytes.as_deref().and_then(|bytes| bytes.split_first_chunk::<32>());
    halves.is_some_and(|(seed, public)| {
        ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new(*seed)).pk.as_ref() == public
    })
}

/// What the signatures of a path say to somebody who trusts `public_keys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// This trusted key signed it.
    Signed(String),
    /// Nobody signed it.
    Unsigned,
    /// Only keys that are not trusted did: their names.
    Others(Vec<String>),
    /// A signature bears the name of this trusted key, and does not fit.
    Forged(String),
}

/// Judges `signatures` of a path with `fingerprint`, each `name:base64`.
#[must_use]
pub fn judge(fingerprint: &str, signatures: &[String], public_keys: &[String]) -> Trust {
    let mut others = Vec::new();
    let mut forged = None;
    for signature in signatures {
        let Some((name, base64)) = signature.split_once(':') else { continue };
        let named: Vec<&str> = public_keys
            .iter()
            .filter_map(|key| key.split_once(':'))
            .filter(|key| key.0 == name)
            .map(|key| key.1)
            .collect();
        if named.is_empty() {
            others.push(name.to_owned());
        } else if named.iter().any(|key| fits(fingerprint, base64, key)) {
            return Trust::Signed(name.to_owned());
        } else {
            forged = Some(name.to_owned());
        }
    }
    match forged {
        Some(name) => Trust::Forged(name),
        None if others.is_empty() => Trust::Unsigned,
        None => Trust::Others(others),
    }
}

fn fits(fingerprint: &str, signature: &str, public_key: &str) -> bool {
    let decoded = |text: &str| BASE64.decode(text.as_bytes()).ok();
    let signature = decoded(signature).and_then(|bytes| Signature::from_slice(&bytes).ok());
    let key = decoded(public_key).and_then(|bytes| PublicKey::from_slice(&bytes).ok());
    match (signature, key) {
        (Some(signature), Some(key)) => key.verify(fingerprint, &signature).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_signed_what() {
        let ours = SigningKey::from_seed("fleet-1", [1; 32]);
        let impostor = SigningKey::from_seed("fleet-1", [2; 32]);
        let stranger = SigningKey::from_seed("other-1", [3; 32]);
        let trusted = [ours.public()];
        let check = |signatures: &[String], expected: Trust| {
            assert_eq!(judge("1;path", signatures, &trusted), expected);
        };
        check(&[], Trust::Unsigned);
        check(&[ours.sign("1;path")], Trust::Signed("fleet-1".to_owned()));
        check(&[stranger.sign("1;path"), ours.sign("1;path")], Trust::Signed("fleet-1".to_owned()));
        check(&[stranger.sign("1;path")], Trust::Others(vec!["other-1".to_owned()]));
        check(&[impostor.sign("1;path")], Trust::Forged("fleet-1".to_owned()));
        check(&[ours.sign("1;another")], Trust::Forged("fleet-1".to_owned()));
        check(&["fleet-1:short".to_owned()], Trust::Forged("fleet-1".to_owned()));
        check(&["noise".to_owned()], Trust::Unsigned);
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_shown() {
        for text in ["", "fleet-1", "fleet-1:", "fleet-1:c2VjcmV0", ":c2VjcmV0", "fleet-1:not base64"] {
            let error = SigningKey::parse(text).unwrap_err().to_string();
            assert!(!error.contains("c2VjcmV0"), "{error}");
        }
        assert!(!format!("{:?}", SigningKey::from_seed("fleet-1", [1; 32])).contains("secret"));
    }
}
