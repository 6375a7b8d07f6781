//! Sizes and shares as they are written in xtask.toml.

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// A number of bytes: `5GB`, `500MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(try_from = "String"))]
pub struct Size(#[cfg_attr(test, schemars(skip))] pub u64);

/// A share in percent, at most 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "i64")]
#[cfg_attr(test, schemars(with = "u8"))]
pub struct Percent(#[cfg_attr(test, schemars(skip))] pub u8);

/// Units by powers of ten, as caches bill, and of two, as Nix shows sizes.
const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        read(&text).map(Self).map_err(|error| format!("{error:#}"))
    }
}

impl TryFrom<i64> for Percent {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        match u8::try_from(number) {
            Ok(share @ 0..=100) => Ok(Self(share)),
            _ => Err(format!("{number} is no share in percent: write 0 to 100")),
        }
    }
}

fn read(text: &str) -> Result<u64> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let unit = text.get(digits.len()..).unwrap_or_default().trim_start();
    let number = digits.parse::<u64>().ok().with_context(|| format!("`{text}` is no size: write `5GB` or `500MiB`"))?;
    let Some((_, bytes)) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) else {
        bail!("`{unit}` in the size `{text}` is no unit: write `5GB` or `500MiB`");
    };
    number.checked_mul(*bytes).with_context(|| format!("the size `{text}` is beyond any disk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<u64, &str>) {
        let read = Size::try_from(text.to_owned()).map(|size| size.0);
        assert_eq!(read, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn sizes_have_units() {
        check("5GB", Ok(5_000_000_000));
        check("500 MiB", Ok(524_288_000));
        check("2gib", Ok(2_147_483_648));
        check("1TB", Ok(1_000_000_000_000));
        check("1TiB", Ok(1_099_511_627_776));
        check("3MB", Ok(3_000_000));
        check("3kb", Ok(3_000));
        check("3KiB", Ok(3_072));
        check("7B", Ok(7));
        check("5", Err("`` in the size `5` is no unit: write `5GB` or `500MiB`"));
        check("5XB", Err("`XB` in the size `5XB` is no unit: write `5GB` or `500MiB`"));
        check("1.5GB", Err("`1.5GB` is no size: write `5GB` or `500MiB`"));
        check("-1GB", Err("`-1GB` is no size: write `5GB` or `500MiB`"));
        check("GB", Err("`GB` is no size: write `5GB` or `500MiB`"));
        check("99999999TB", Err("the size `99999999TB` is beyond any disk"));
    }

    #[test]
    fn shares_end_at_a_hundred() {
        assert_eq!(Percent::try_from(0), Ok(Percent(0)));
        assert_eq!(Percent::try_from(100), Ok(Percent(100)));
        for number in [101, 256, -1] {
            assert_eq!(Percent::try_from(number), Err(format!("{number} is no share in percent: write 0 to 100")));
        }
    }
}
