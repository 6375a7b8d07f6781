//! The text that describes a path in a cache: `StorePath: …`, `URL: …`, one field a line.

use cache_protocol::{Fault, FaultKind};

use crate::store_path;

/// What a cache says of a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NarInfo {
    /// The whole path.
    pub store_path: String,
    /// Where its file is, relative to the cache: `nar/….nar.zst`.
    pub url: String,
    /// `zstd`, `xz`, `none`, ….
    pub compression: String,
    /// `sha256:` and Nix's base 32 of the file, if it says so.
    pub file_hash: Option<String>,
    /// Bytes of the file, if it says so.
    pub file_size: Option<u64>,
    /// `sha256:` and Nix's base 32 of the NAR.
    pub nar_hash: String,
    /// Bytes of the NAR.
    pub nar_size: u64,
    /// Base names of what it refers to, sorted.
    pub references: Vec<String>,
    /// Base name of the derivation that made it.
    pub deriver: Option<String>,
    /// `name:base64` each.
    pub signatures: Vec<String>,
    /// The content address, for paths that have one.
    pub ca: Option<String>,
}

impl NarInfo {
    /// Reads the text.
    ///
    /// # Errors
    /// When it is no narinfo: the fault says what is missing or wrong.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let damaged = |what: String| Fault::new(FaultKind::NotACache, what);
        let mut info = Self::default();
        let (mut path, mut nar_size) = (false, false);
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else {
                return Err(damaged(format!("a narinfo with a line that is no field: `{}`", shown(line))));
            };
            let value = value.trim();
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|_| damaged(format!("a narinfo whose {name} is no number: `{}`", shown(value))))
            };
            match name {
                "StorePath" => {
                    path = store_path::base_name(value).is_some();
                    info.store_path = value.to_owned();
                }
                "URL" => info.url = value.to_owned(),
                "Compression" => info.compression = value.to_owned(),
                "FileHash" => info.file_hash = Some(value.to_owned()),
                "FileSize" => info.file_size = Some(number()?),
                "NarHash" => info.nar_hash = value.to_owned(),
                "NarSize" => {
                    info.nar_size = number()?;
                    nar_size = true;
                }
                "References" => info.references = value.split_whitespace().map(str::to_owned).collect(),
                "Deriver" if value != "unknown-deriver" => info.deriver = Some(value.to_owned()),
                "Sig" => info.signatures.push(value.to_owned()),
                "CA" => info.ca = Some(value.to_owned()).filter(|ca| !ca.is_empty()),
                _ => {}
            }
        }
        for (there, field) in [
            (path, "StorePath"),
            (!info.url.is_empty(), "URL"),
            (!info.nar_hash.is_empty(), "NarHash"),
            (nar_size, "NarSize"),
        ] {
            if !there {
                return Err(damaged(format!("a narinfo without {field}")));
            }
        }
        // As Nix: without the field it is bzip2, which nobody writes any more.
        if info.compression.is_empty() {
            info.compression = "bzip2".to_owned();
        }
        Ok(info)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text =
            format!("StorePath: {}\nURL: {}\nCompression: {}\n", self.store_path, self.url, self.compression);
        let mut field = |name: &str, value: &str| text.extend([name, ": ", value, "\n"]);
        if let Some(hash) = &self.file_hash {
            field("FileHash", hash);
        }
        if let Some(size) = self.file_size {
            field("FileSize", &size.to_string());
        }
        field("NarHash", &self.nar_hash);
        field("NarSize", &self.nar_size.to_string());
        field("References", &self.references.join(" "));
        if let Some(deriver) = &self.deriver {
            field("Deriver", deriver);
        }
        for signature in &self.signatures {
            field("Sig", signature);
        }
        if let Some(ca) = &self.ca {
            field("CA", ca);
        }
        text
    }

    /// What is signed: path, hash, size and references.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let folder = self.store_path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let references: Vec<String> = self.references.iter().map(|base| format!("{folder}/{base}")).collect();
        format!("1;{};{};{};{}", self.store_path, self.nar_hash, self.nar_size, references.join(","))
    }
}

/// As much of a line as fits into a message.
fn shown(line: &str) -> String {
    line.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "StorePath: /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60
URL: nar/x.nar.zst
Compression: zstd
FileHash: sha256:x
FileSize: 12
NarHash: sha256:y
NarSize: 34
References: 00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60 7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27
Deriver: 10dx1q4ivjb115y3h90mipaaz533nr0d-net-tools-1.60.drv
Sig: a-1:AAAA
Sig: b-1:BBBB
";

    #[test]
    fn there_and_back() {
        assert_eq!(NarInfo::parse(TEXT).unwrap().text(), TEXT);
    }

    #[test]
    fn what_is_signed() {
        assert_eq!(
            NarInfo::parse(TEXT).unwrap().fingerprint(),
            "1;/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60;sha256:y;34;\
             /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60,/nix/store/7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27"
        );
    }

    #[test]
    fn what_is_no_narinfo_says_why() {
        let check = |text: &str, expected: &str| assert_eq!(NarInfo::parse(text).unwrap_err().what, expected);
        check("<!DOCTYPE html>\n", "a narinfo with a line that is no field: `<!DOCTYPE html>`");
        check("", "a narinfo without StorePath");
        check("StorePath: /nix/store/x\n", "a narinfo without StorePath");
        check(&TEXT.replace("URL: nar/x.nar.zst\n", ""), "a narinfo without URL");
        check(&TEXT.replace("NarHash: sha256:y\n", ""), "a narinfo without NarHash");
        check(&TEXT.replace("NarSize: 34\n", ""), "a narinfo without NarSize");
        check(&TEXT.replace("34", "-"), "a narinfo whose NarSize is no number: `-`");
        check(&TEXT.replace("12", "?"), "a narinfo whose FileSize is no number: `?`");
    }
}
