//! Taking in what a child says, line by line, and its end; no line takes more memory than it may.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustix::process::Pid;

use super::{Child, ChildEvent};

/// How long a child's last lines are waited for once it ended; a grandchild may hold its stderr open for ever.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often that wait begins anew because the last lines are still being handed over.
const LAST_WAITS: usize = 20;
/// How many bytes of a line are kept that somebody may read: nobody reads more of one, and a child may never end it.
pub(super) const LONGEST_LINE: usize = 1 << 16;
/// How many bytes of a line are kept that is data, such as the JSON of Nix or of the cache client: no true one is as long.
pub(super) const LONGEST_DATA: usize = 1 << 28;
/// What stands in place of the rest of a line.
const CUT: &str = " … (the rest of the line is left out)";

/// Whether the rest of a `line` that was meant to be read is left out.
#[must_use]
pub fn is_cut(line: &[u8]) -> bool {
    line.len() > LONGEST_LINE
}

/// Passes the lines of `stream`, each cut after `longest` bytes, then the end of `child`, to `sink`; `None` for a child without a number.
pub(super) fn heard(
    mut child: std::process::Child,
    stream: impl Read + Send + 'static,
    longest: usize,
    sink: impl Fn(ChildEvent) + Send + Clone + 'static,
) -> Option<Child> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
    let (heard, all_heard) = mpsc::channel::<()>();
    let line_sink = sink.clone();
    let handing_over = Arc::new(AtomicBool::new(false));
    let is_handing_over = Arc::clone(&handing_over);
    std::thread::spawn(move || {
        let mut stream = BufReader::with_capacity(1 << 16, stream);
        while let Ok(Some(line)) = next_line(&mut stream, longest) {
            handing_over.store(true, Ordering::SeqCst);
            line_sink(ChildEvent::Line(line));
            handing_over.store(false, Ordering::SeqCst);
        }
        drop(heard);
    });
    std::thread::spawn(move || {
        let status = child.wait();
        for _ in 0..LAST_WAITS {
            // Disconnected when the reader is done: the only way this returns before the time is over.
            let waited = all_heard.recv_timeout(LAST_WORDS);
            if waited != Err(RecvTimeoutError::Timeout) || !is_handing_over.load(Ordering::SeqCst) {
                break;
            }
        }
        sink(ChildEvent::Ended(status));
    });
    Some(Child { pid })
}

/// The next line without its newline, of which at most `longest` bytes are kept; a mark tells of the others.
fn next_line(stream: &mut impl BufRead, longest: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    // One more byte tells a line of just that length from one that goes on.
    let limit = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    if stream.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > longest {
        line.truncate(longest);
        line.extend_from_slice(CUT.as_bytes());
        stream.skip_until(b'\n')?;
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_kept_up_to_its_bound_and_the_next_one_is_whole() {
        let check = |text: &str, expected: &[&str]| {
            let (mut stream, mut lines) = (BufReader::with_capacity(2, text.as_bytes()), Vec::new());
            while let Some(line) = next_line(&mut stream, 4).unwrap() {
                lines.push(String::from_utf8(line).unwrap());
            }
            assert_eq!(lines, expected, "{text:?}");
        };
        let cut = format!("abcd{CUT}");
        check("", &[]);
        check("\n\na", &["", "", "a"]);
        check("abcd\nefgh", &["abcd", "efgh"]);
        check("abcde\nf\n", &[&cut, "f"]);
        check("abcdefghijk", &[&cut]);
    }

    #[test]
    fn a_stream_without_a_newline_takes_no_memory() {
        let mut stream = BufReader::new(std::io::repeat(0).take(1 << 28));
        let line = next_line(&mut stream, LONGEST_LINE).unwrap().unwrap();
        assert!(line.capacity() <= 4 * LONGEST_LINE && is_cut(&line), "{}", line.capacity());
        assert!(next_line(&mut stream, LONGEST_LINE).unwrap().is_none());
    }
}
