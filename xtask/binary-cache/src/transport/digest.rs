//! The sum of a body that object stores compare with what arrives: `Content-MD5`. It is not for security.

use std::io::{self, ErrorKind};

use data_encoding::BASE64;
use md5::{Digest as _, Md5};

use super::Body;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 16;

/// The MD5 of `body`, in base64.
///
/// # Errors
/// When it cannot be read.
pub fn content_md5(body: &dyn Body) -> io::Result<String> {
    let mut sum = Md5::new();
    let (mut content, mut block) = (body.open()?, vec![0; BLOCK]);
    loop {
        match content.read(&mut block) {
            Ok(0) => return Ok(BASE64.encode(&sum.finalize())),
            Ok(read) => sum.update(&block[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Bytes;

    #[test]
    fn sums_of_rfc_1321() {
        let check = |text: &str, expected: &str| {
            let sum = content_md5(&Bytes(text.as_bytes())).unwrap();
            assert_eq!(data_encoding::HEXLOWER.encode(&BASE64.decode(sum.as_bytes()).unwrap()), expected);
        };
        check("", "d41d8cd98f00b204e9800998ecf8427e");
        check("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
        // More than is read at once: `printf 'a%.0s' $(seq 100000) | md5sum`.
        check(&"a".repeat(100_000), "1af6d6f2f682f76f80e606aeaaee1680");
    }
}
