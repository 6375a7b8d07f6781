//! Nix's own base 32: least significant bits last, without the letters `e`, `o`, `t` and `u`.

/// The digits.
const DIGITS: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// `bytes` in Nix's base 32: 52 digits for a SHA-256, 32 for what names a store path.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let digits = (bytes.len() * 8).div_ceil(5);
    let digit = |index: usize| {
        let bit = index * 5;
        let at = |byte: usize| u16::from(bytes.get(byte).copied().unwrap_or(0));
        let pair = at(bit / 8) | (at(bit / 8 + 1) << 8);
        char::from(DIGITS[usize::from((pair >> (bit % 8)) & 31)])
    };
    (0..digits).rev().map(digit).collect()
}

/// The bytes that `text` stands for; `None` if it is not Nix's base 32.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0_u8; text.len() * 5 / 8];
    for (index, digit) in text.bytes().rev().enumerate() {
        let value = u16::try_from(DIGITS.iter().position(|known| *known == digit)?).ok()?;
        let bit = index * 5;
        let shifted = value << (bit % 8);
        let [low, high] = shifted.to_le_bytes();
        match bytes.get_mut(bit / 8) {
            Some(byte) => *byte |= low,
            None if low == 0 => {}
            None => return None,
        }
        match bytes.get_mut(bit / 8 + 1) {
            Some(byte) => *byte |= high,
            None if high == 0 => {}
            None => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_nix_writes_it() {
        // `nix hash to-base32 --type sha256` of the hash of nothing.
        let nothing = [
            0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
            0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
        ];
        let text = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
        assert_eq!(encode(&nothing), text);
        assert_eq!(decode(text).as_deref(), Some(nothing.as_slice()));
    }

    #[test]
    fn there_and_back() {
        for length in [0, 1, 5, 19, 20, 31, 32] {
            let bytes: Vec<u8> = (0..length).map(|byte: u8| byte.wrapping_mul(37).wrapping_add(11)).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn what_is_no_base_32_is_refused() {
        for text in ["e", "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c7t", "zz", "ä"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
