//! Store derivations (`.drv` files), read from the store itself: their outputs, inputs, system and wanted features.
//!
//! The format is the ATerm that Nix has written unchanged since its beginnings: `Derive(outputs, inputs, sources, system,
//! builder, arguments, environment)`. Reading it costs no process, so that a whole fleet's graph is known in milliseconds.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// What scheduling and reporting need of a derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// Name and store path of each output; the path is empty for a content-addressed output, which has none before it is built.
    pub outputs: Vec<(String, String)>,
    /// The derivations it needs, and what of them.
    pub inputs: Vec<Input>,
    /// The system it builds on.
    pub system: String,
    /// The features it asks of its builder, such as `kvm`.
    pub features: Vec<String>,
}

/// A derivation that another one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its store path.
    pub drv: String,
    /// The names of the outputs that are needed.
    pub outputs: Vec<String>,
}

/// Reads the derivation at `path`, a file of the store.
///
/// # Errors
/// When the file cannot be read or is not a derivation.
pub fn read(path: &Path) -> Result<Derivation> {
    let text = std::fs::read(path).with_context(|| format!("read the derivation `{}`", path.display()))?;
    parse(&text).with_context(|| format!("read the derivation `{}`", path.display()))
}

fn parse(text: &[u8]) -> Result<Derivation> {
    let mut reader = Reader { rest: text };
    reader.expect(b"Derive(")?;
    let outputs = reader.list(|reader| {
        let [name, path, _algorithm, _hash] = reader.tuple()?;
        Ok((name, path))
    })?;
    reader.expect(b",")?;
    let inputs = reader.list(|reader| {
        reader.expect(b"(")?;
        let drv = reader.string()?;
        reader.expect(b",")?;
        let outputs = reader.list(Reader::string)?;
        reader.expect(b")")?;
        Ok(Input { drv, outputs })
    })?;
    reader.expect(b",")?;
    reader.list(Reader::string)?;
    reader.expect(b",")?;
    let system = reader.string()?;
    reader.expect(b",")?;
    reader.string()?;
    reader.expect(b",")?;
    reader.list(Reader::string)?;
    reader.expect(b",")?;
    let environment = reader.list(Reader::tuple::<2>)?;
    let features = environment
        .iter()
        .find(|[name, _]| name == "requiredSystemFeatures")
        .map(|[_, value]| value.split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    Ok(Derivation { outputs, inputs, system, features })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn expect(&mut self, wanted: &[u8]) -> Result<()> {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => self.rest = rest,
            None => bail!("`{}` is missing", String::from_utf8_lossy(wanted)),
        }
        Ok(())
    }

    fn string(&mut self) -> Result<String> {
        self.expect(b"\"")?;
        let mut bytes = Vec::new();
        let mut at = 0;
        loop {
            match (self.rest.get(at), self.rest.get(at + 1)) {
                (Some(b'"'), _) => break,
                (Some(b'\\'), Some(escaped)) => {
                    bytes.push(match escaped {
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        other => *other,
                    });
                    at += 2;
                }
                (Some(byte), _) => {
                    bytes.push(*byte);
                    at += 1;
                }
                (None, _) => bail!("a string does not end"),
            }
        }
        self.rest = self.rest.get(at + 1..).unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn tuple<const N: usize>(&mut self) -> Result<[String; N]> {
        let mut fields = [const { String::new() }; N];
        for (index, field) in fields.iter_mut().enumerate() {
            self.expect(if index == 0 { b"(" } else { b"," })?;
            *field = self.string()?;
        }
        self.expect(b")")?;
        Ok(fields)
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect(b"[")?;
        let mut items = Vec::new();
        while self.rest.first() != Some(&b']') {
            if !items.is_empty() {
                self.expect(b",")?;
            }
            items.push(item(self)?);
        }
        self.expect(b"]")?;
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_outputs_inputs_system_and_features() {
        let text = br#"Derive([("dev","/nix/store/a-x-dev","",""),("out","/nix/store/b-x","","")],[("/nix/store/c.drv",["out","dev"])],["/nix/store/s"],"x86_64-linux","/bin/sh",["-c","echo \"a\"\n"],[("name","x"),("requiredSystemFeatures","kvm big-parallel")])"#;
        let expected = Derivation {
            outputs: vec![
                ("dev".to_owned(), "/nix/store/a-x-dev".to_owned()),
                ("out".to_owned(), "/nix/store/b-x".to_owned()),
            ],
            inputs: vec![Input {
                drv: "/nix/store/c.drv".to_owned(),
                outputs: vec!["out".to_owned(), "dev".to_owned()],
            }],
            system: "x86_64-linux".to_owned(),
            features: vec!["kvm".to_owned(), "big-parallel".to_owned()],
        };
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn refuses_what_is_cut_off() {
        for text in ["", "Derive(", r#"Derive([("out","/nix/st"#, r#"Derive([],[],[],"x","y",[],[("a"])"#] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
