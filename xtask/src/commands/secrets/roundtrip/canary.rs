//! A file of the same shape as a real one with values that nobody knows yet, and the ways to tamper with it once it is encrypted.

use std::fs::File;
use std::io::Read as _;

use anyhow::{Context as _, Result};
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};

use crate::rules::secrets::{Encrypted, Format};

/// What a file will hold.
#[derive(Debug)]
pub struct Canary {
    /// Its text.
    pub text: String,
    /// The values that must not be seen once it is encrypted.
    pub hidden: Vec<String>,
}

/// A way to tamper.
#[derive(Debug)]
pub struct Tampering {
    /// What was done.
    pub what: &'static str,
    /// The file after it.
    pub text: String,
}

impl Canary {
    /// Values that nobody knows, in the places where `file` has its own; two in a list in place of the first that is encrypted.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn like(file: &Encrypted<'_>) -> Result<Self> {
        let mut hidden = Vec::new();
        let mut root = Value::Object(Map::new());
        let mut lines = String::new();
        let mut section = String::new();
        for leaf in &file.document.leaves {
            let is_encrypted = leaf.text.starts_with("ENC[");
            let lists = is_encrypted && hidden.is_empty() && matches!(file.format, Format::Yaml | Format::Json);
            let values = (0..1 + usize::from(lists)).map(|_| random()).collect::<Result<Vec<_>>>()?;
            if is_encrypted {
                hidden.extend(values.iter().cloned());
            }
            let value = match values.as_slice() {
                [one] => Value::String(one.clone()),
                several => several.iter().cloned().map(Value::String).collect(),
            };
            put(&mut root, &leaf.path, value);
            if let (Format::Ini, [own, _]) = (file.format, leaf.path.as_slice())
                && *own != section
            {
                section.clone_from(own);
                lines += &format!("[{section}]\n");
            }
            let key = leaf.path.last().map(String::as_str).unwrap_or_default();
            lines += &format!("{key}={}\n", values.concat());
        }
        let text = match file.format {
            // JSON is YAML.
            Format::Yaml | Format::Json => serde_json::to_string(&root).context("write the trial file")?,
            Format::Dotenv | Format::Ini => lines,
            Format::Binary => hidden.concat(),
        };
        Ok(Self { text, hidden })
    }
}

/// Puts `value` where `path` leads; what stands in the way gives way.
fn put(node: &mut Value, path: &[String], value: Value) {
    let Some((key, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    if !node.is_object() {
        *node = Value::Object(Map::new());
    }
    if let Some(map) = node.as_object_mut() {
        let below = map.entry(key.clone()).or_insert(Value::Null);
        // A value that is there already has been told of; a list may name its path twice.
        if rest.is_empty() && !below.is_null() {
            return;
        }
        put(below, rest, value);
    }
}

fn random() -> Result<String> {
    let mut bytes = [0; 20];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("ask for randomness")?;
    Ok(HEXLOWER.encode(&bytes))
}

/// The ciphertexts of `text` in order, but for SOPS's own.
fn ciphertexts(text: &str) -> Vec<&str> {
    let own = text.lines().skip_while(|line| !is_own_part(line)).map(|line| line.as_ptr() as usize).next();
    let offset = own.map_or(text.len(), |at| at - text.as_ptr() as usize);
    let body = if text.trim_start().starts_with("sops_") { "" } else { text.get(..offset).unwrap_or(text) };
    body.match_indices("ENC[").filter_map(|(at, _)| body.get(at..)?.split_inclusive(']').next()).collect()
}

fn is_own_part(line: &str) -> bool {
    let line = line.trim_start();
    ["sops:", "\"sops\":", "[sops]", "sops_"].iter().any(|start| line.starts_with(start))
}

/// Every way to tamper with an encrypted file that a key must notice.
#[must_use]
pub fn tamperings(text: &str, format: Format) -> Vec<Tampering> {
    let mut found = Vec::new();
    let all = ciphertexts(text);
    let mut add = |what: &'static str, tampered: Option<String>| {
        found.extend(tampered.filter(|tampered| tampered != text).map(|text| Tampering { what, text }));
    };
    add("a changed value", all.first().and_then(|value| Some(text.replacen(value, &changed(value)?, 1))));
    if matches!(format, Format::Yaml | Format::Json)
        && let [.., _] = all.as_slice()
    {
        let pair =
            all.windows(2).find(|pair| pair.iter().all(|value| value.contains("type:str")) && are_items(text, pair));
        add("two items of a list in each other's place", pair.map(|pair| swapped(text, pair)));
    }
    let mac = text.lines().find(|line| {
        line.contains("ENC[")
            && line.trim_start().trim_start_matches("sops_").trim_start_matches('"').starts_with("mac")
    });
    add("a changed MAC", mac.and_then(|line| Some(text.replacen(line, &changed(line)?, 1))));
    found
}

/// Whether two ciphertexts are items of one list: nothing but the marks of a list stands between them.
fn are_items(text: &str, pair: &[&str]) -> bool {
    let [first, second] = pair else { return false };
    let between = text.split_once(first).and_then(|(_, rest)| rest.split_once(second)).map(|(between, _)| between);
    between.is_some_and(|between| between.chars().all(|c| c.is_whitespace() || "-,\"".contains(c)))
}

fn swapped(text: &str, pair: &[&str]) -> String {
    let [first, second] = pair else { return text.to_owned() };
    text.replacen(first, "\0", 1).replacen(second, first, 1).replacen('\0', second, 1)
}

/// A ciphertext with one letter of its data changed.
fn changed(text: &str) -> Option<String> {
    let (before, data) = text.split_once("data:")?;
    let letter = data.chars().next()?;
    let other = if letter == 'A' { 'B' } else { 'A' };
    Some(format!("{before}data:{other}{}", data.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, text: &str, expected: &[&str]) {
        let found = tamperings(text, format);
        let told: Vec<String> =
            found.iter().map(|tampering| format!("{}: {}", tampering.what, tampering.text)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn each_way_changes_what_it_says() {
        let value = |data: &str| format!("ENC[AES256_GCM,data:{data},iv:i,tag:t,type:str]");
        let (x, y, z, mac) = (value("x"), value("y"), value("z"), value("m"));
        let (changed_x, changed_mac) = (value("A"), value("A"));
        check(
            Format::Yaml,
            &format!("a: {z}\nl:\n  - {x}\n  - {y}\nsops:\n  mac: {mac}\n"),
            &[
                &format!("a changed value: a: {}\nl:\n  - {x}\n  - {y}\nsops:\n  mac: {mac}\n", value("A")),
                &format!(
                    "two items of a list in each other's place: a: {z}\nl:\n  - {y}\n  - {x}\nsops:\n  mac: {mac}\n"
                ),
                &format!("a changed MAC: a: {z}\nl:\n  - {x}\n  - {y}\nsops:\n  mac: {changed_mac}\n"),
            ],
        );
        check(
            Format::Dotenv,
            &format!("a={x}\nsops_mac={mac}\n"),
            &[
                &format!("a changed value: a={changed_x}\nsops_mac={mac}\n"),
                &format!("a changed MAC: a={x}\nsops_mac={changed_mac}\n"),
            ],
        );
    }
}
