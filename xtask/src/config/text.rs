//! Values of xtask.toml that are written as text and mean more: what is wrong with one is said where it stands, in lists too.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::cache::{CacheUrl, KeyName, Pattern, ReferenceText, Size, SystemGlob, VariableName};
use super::expect::{AttributeText, PatternText, SelectorText};

/// Reads a value with `read`, whose error is given the place of the value: raised later, it would have that of the whole list.
fn read_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(String) -> Result<T, String>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Text(read))
}

struct Text<F>(F);

impl<T, F: FnOnce(String) -> Result<T, String>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text.to_owned()).map_err(E::custom)
    }
}

macro_rules! written_as_text {
    ($($value:ty),* $(,)?) => {
        $(impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_text(deserializer, Self::try_from)
            }
        })*
    };
}

written_as_text! {
    AttributeText, CacheUrl, KeyName, Pattern, PatternText, ReferenceText, SelectorText, Size, SystemGlob, VariableName,
}
