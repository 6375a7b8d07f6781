//! How NARs are packed: Zstandard, XZ, or not at all, one after another with the same memory.

use cache_protocol::{Compression, Fault, FaultKind};
use liblzma::stream::{Action, Check, Status, Stream};
use zstd::stream::raw::{Encoder, InBuffer, Operation as _, OutBuffer};

/// Where Zstandard packs at nearly the speed of a disk; higher levels take much longer for little.
const ZSTD_LEVEL: i32 = 3;

/// What `xz` itself and Nix use.
const XZ_LEVEL: u32 = 6;

/// Bytes handed on at once.
const BLOCK: usize = 128 * 1024;

/// Where packed blocks go.
type Take<'a> = dyn FnMut(&[u8]) -> Result<(), Fault> + 'a;

/// Packs one NAR after another.
pub struct Compressor {
    method: Method,
    block: Vec<u8>,
}

enum Method {
    None,
    Zstd(Box<Encoder<'static>>),
    Xz(Option<Stream>),
}

impl Compressor {
    /// One that packs in this way.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(compression: Compression) -> Result<Self, Fault> {
        let method = match compression {
            Compression::None => Method::None,
            Compression::Zstd => Method::Zstd(Box::new(Encoder::new(ZSTD_LEVEL).map_err(|error| failed(&error))?)),
            Compression::Xz => Method::Xz(None),
        };
        Ok(Self { method, block: Vec::with_capacity(BLOCK) })
    }

    /// A NAR of `size` bytes comes now.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn begin(&mut self, size: u64) -> Result<(), Fault> {
        match &mut self.method {
            Method::None => Ok(()),
            Method::Zstd(encoder) => {
                // Knowing the size beforehand, it takes smaller tables for smaller NARs.
                let begun = encoder.reinit().and_then(|()| encoder.set_pledged_src_size(Some(size)));
                begun.map_err(|error| failed(&error))
            }
            Method::Xz(stream) => {
                let begun = Stream::new_easy_encoder(XZ_LEVEL, Check::Crc64).map_err(|error| failed(&error))?;
                *stream = Some(begun);
                Ok(())
            }
        }
    }

    /// Packs `block`.
    ///
    /// # Errors
    /// When `take` fails, or more comes than was announced.
    pub fn pack(&mut self, block: &[u8], take: &mut Take) -> Result<(), Fault> {
        match &mut self.method {
            Method::None => take(block),
            Method::Zstd(encoder) => {
                let mut input = InBuffer::around(block);
                while input.pos() < block.len() {
                    let mut output = OutBuffer::around(&mut self.block);
                    encoder.run(&mut input, &mut output).map_err(|error| failed(&error))?;
                    hand_on(&mut self.block, take)?;
                }
                Ok(())
            }
            Method::Xz(stream) => {
                let stream = stream.as_mut().ok_or_else(|| failed(&"nothing was begun"))?;
                let start = stream.total_in();
                loop {
                    let done = usize::try_from(stream.total_in() - start).unwrap_or(usize::MAX);
                    let Some(left) = block.get(done..).filter(|left| !left.is_empty()) else { return Ok(()) };
                    stream.process_vec(left, &mut self.block, Action::Run).map_err(|error| failed(&error))?;
                    hand_on(&mut self.block, take)?;
                }
            }
        }
    }

    /// Packs what is left of this NAR.
    ///
    /// # Errors
    /// When `take` fails, or less came than was announced.
    pub fn end(&mut self, take: &mut Take) -> Result<(), Fault> {
        match &mut self.method {
            Method::None => Ok(()),
            Method::Zstd(encoder) => loop {
                let mut output = OutBuffer::around(&mut self.block);
                let left = encoder.finish(&mut output, true).map_err(|error| failed(&error))?;
                hand_on(&mut self.block, take)?;
                if left == 0 {
                    return Ok(());
                }
            },
            Method::Xz(stream) => {
                let mut stream = stream.take().ok_or_else(|| failed(&"nothing was begun"))?;
                loop {
                    let status =
                        stream.process_vec(&[], &mut self.block, Action::Finish).map_err(|error| failed(&error))?;
                    hand_on(&mut self.block, take)?;
                    if status == Status::StreamEnd {
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn hand_on(block: &mut Vec<u8>, take: &mut Take) -> Result<(), Fault> {
    if !block.is_empty() {
        take(block)?;
        block.clear();
    }
    Ok(())
}

fn failed(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Local, format!("pack a NAR: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two NARs in turn by the same compressor, which the real programs unpack.
    #[test]
    fn what_is_packed_can_be_unpacked() {
        let check = |compression: Compression, unpack: &dyn Fn(&[u8]) -> Vec<u8>| {
            let mut compressor = Compressor::new(compression).unwrap();
            for (size, seed) in [(0, 1_u32), (1, 2), (3 * BLOCK + 7, 3), (BLOCK, 4)] {
                let mut state = seed;
                let noise = |_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state.to_le_bytes()[3]
                };
                let nar: Vec<u8> = (0..size).map(noise).collect();
                let mut packed = Vec::new();
                let mut take = |block: &[u8]| {
                    packed.extend_from_slice(block);
                    Ok(())
                };
                compressor.begin(nar.len() as u64).unwrap();
                nar.chunks(70_000).for_each(|block| compressor.pack(block, &mut take).unwrap());
                compressor.end(&mut take).unwrap();
                assert!(unpack(&packed) == nar, "{compression:?}, {size} bytes");
            }
        };
        check(Compression::None, &<[u8]>::to_vec);
        check(Compression::Zstd, &|packed| zstd::decode_all(packed).unwrap());
        check(Compression::Xz, &|packed| {
            let mut unpacked = Vec::new();
            std::io::Read::read_to_end(&mut liblzma::read::XzDecoder::new(packed), &mut unpacked).unwrap();
            unpacked
        });
    }

    #[test]
    fn what_is_left_of_a_nar_that_failed_does_not_reach_the_next() {
        for compression in [Compression::Zstd, Compression::Xz] {
            let mut compressor = Compressor::new(compression).unwrap();
            let mut pack = |nar: &[u8], whole: bool| {
                let mut packed = Vec::new();
                let mut take = |block: &[u8]| {
                    packed.extend_from_slice(block);
                    Ok(())
                };
                compressor.begin(nar.len() as u64).unwrap();
                compressor.pack(nar, &mut take).unwrap();
                if whole {
                    compressor.end(&mut take).unwrap();
                }
                packed
            };
            let expected = pack(b"the second", true);
            pack(&[1; 1_000], false);
            assert_eq!(pack(b"the second", true), expected, "{compression:?}");
        }
    }

    #[test]
    fn a_taker_that_fails_ends_it() {
        for compression in [Compression::None, Compression::Zstd, Compression::Xz] {
            let full = Fault::new(FaultKind::Full, "no room");
            let mut compressor = Compressor::new(compression).unwrap();
            compressor.begin(4).unwrap();
            let mut take = |_: &[u8]| Err(full.clone());
            let ended = compressor.pack(b"some", &mut take).and_then(|()| compressor.end(&mut take));
            assert_eq!(ended, Err(full.clone()), "{compression:?}");
        }
    }
}
