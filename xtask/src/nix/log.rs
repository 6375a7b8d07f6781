//! Nix's internal-json log: one object a line on stderr, read into the few events that matter here.
//!
//! The format is internal to Nix: what is unknown is ignored, and a line that is not such an object is a plain message.

use serde::Deserialize;

use crate::plain_text::without_control;

/// One event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// A derivation starts to build, here or (with a machine) elsewhere.
    BuildStarted {
        /// The activity's number, which later events name.
        id: u64,
        /// The store path of the derivation.
        drv: String,
        /// The remote builder, or nothing.
        machine: String,
    },
    /// A store path starts to arrive from a substituter.
    FetchStarted {
        /// The activity's number.
        id: u64,
        /// The store path.
        path: String,
        /// The substituter.
        from: String,
    },
    /// A line of a build's log.
    LogLine {
        /// The build's activity.
        id: u64,
        /// The line, without control sequences.
        line: String,
    },
    /// A build entered a phase.
    Phase {
        /// The build's activity.
        id: u64,
        /// The phase's name.
        phase: String,
    },
    /// An activity ended.
    Stopped {
        /// The activity's number.
        id: u64,
    },
    /// What will be built and fetched was said; building begins.
    Planned,
    /// Something said outside any build.
    Message(Message),
}

/// Something Nix says outside any build: an error, a warning, a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// 0 error (and trace), 1 warning, 2 notice, 3 information, above that chatter.
    pub level: u64,
    /// The text without control sequences, with positions and source excerpts as Nix prints them.
    pub text: String,
    /// The error alone, without trace and excerpt, where Nix tells it.
    pub raw: Option<String>,
    /// Where Nix says the error is: a file of the store or of the repository, and a line.
    pub position: Option<(String, u32)>,
}

const COPY_PATH: u64 = 100;
const REALISE: u64 = 102;
const BUILD: u64 = 105;
const SUBSTITUTE: u64 = 108;
const BUILD_LOG_LINE: u64 = 101;
const SET_PHASE: u64 = 104;

#[derive(Deserialize)]
struct Line {
    action: String,
    #[serde(default)]
    id: u64,
    #[serde(default)]
    level: u64,
    #[serde(default, rename = "type")]
    kind: u64,
    #[serde(default)]
    fields: Vec<serde_json::Value>,
    #[serde(default)]
    msg: String,
    raw_msg: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

impl Message {
    /// Whether it is about the store path `path`.
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        self.text.split('\'').any(|part| part == path)
    }
}

impl LogEvent {
    /// Reads one line of stderr; `None` for events that do not matter here.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let Some(json) = line.strip_prefix(b"@nix ") else {
            return plain(line);
        };
        // A log with bytes that are not UTF-8 must not end the run; they become replacement characters.
        let json = String::from_utf8_lossy(json);
        let Ok(line) = serde_json::from_str::<Line>(&json) else {
            return plain(json.as_bytes());
        };
        match (line.action.as_str(), line.kind) {
            ("start", BUILD) => {
                let [drv, machine] = texts(&line.fields);
                Some(Self::BuildStarted { id: line.id, drv, machine })
            }
            ("start", SUBSTITUTE | COPY_PATH) => {
                let [path, from] = texts(&line.fields);
                Some(Self::FetchStarted { id: line.id, path, from })
            }
            ("start", REALISE) => Some(Self::Planned),
            ("stop", _) => Some(Self::Stopped { id: line.id }),
            ("result", BUILD_LOG_LINE) => {
                let [text] = texts(&line.fields);
                Some(Self::LogLine { id: line.id, line: without_control(&text) })
            }
            ("result", SET_PHASE) => {
                let [phase] = texts(&line.fields);
                Some(Self::Phase { id: line.id, phase: without_control(&phase) })
            }
            ("msg", _) => Some(Self::Message(message(line))),
            _ => None,
        }
    }
}

fn plain(line: &[u8]) -> Option<LogEvent> {
    let text = without_control(&String::from_utf8_lossy(line));
    let level = if text.starts_with("warning:") { 1 } else { 0 };
    (!text.trim().is_empty()).then_some(LogEvent::Message(Message { level, text, raw: None, position: None }))
}

fn message(line: Line) -> Message {
    // Nix 2.34 puts `:LINE:COLUMN` into the file's name as well.
    let file = line.file.map(|file| match line.line {
        Some(number) => file.split(&format!(":{number}:")).next().unwrap_or_default().to_owned(),
        None => file,
    });
    Message {
        level: line.level,
        text: without_control(&line.msg),
        raw: line.raw_msg.map(|raw| without_control(&raw)),
        position: file.zip(line.line),
    }
}

/// The first `N` fields as text; a missing one, or one that is no text, is empty.
fn texts<const N: usize>(fields: &[serde_json::Value]) -> [String; N] {
    std::array::from_fn(|at| fields.get(at).and_then(|field| field.as_str()).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<LogEvent>) {
        assert_eq!(LogEvent::parse(line.as_bytes()), expected, "{line}");
    }

    #[test]
    fn builds_of_old_and_new_nix() {
        let started = |id| LogEvent::BuildStarted { id, drv: "/nix/store/x.drv".to_owned(), machine: String::new() };
        check(
            r#"@nix {"action":"start","fields":["/nix/store/x.drv","",1,1],"id":7,"level":3,"text":"building","type":105}"#,
            Some(started(7)),
        );
        check(
            r#"@nix {"action":"start","fields":["/nix/store/x.drv","",1,1],"id":8,"level":3,"parent":0,"text":"b","type":105}"#,
            Some(started(8)),
        );
        check(
            r#"@nix {"action":"result","fields":["line \u001b[31m1"],"id":7,"type":101}"#,
            Some(LogEvent::LogLine { id: 7, line: "line 1".to_owned() }),
        );
        check(r#"@nix {"action":"stop","id":7}"#, Some(LogEvent::Stopped { id: 7 }));
    }

    #[test]
    fn errors_with_their_place() {
        let check_place = |file: &str| {
            let line = format!(
                r#"@nix {{"action":"msg","column":39,"file":"{file}","level":0,"line":1,"msg":"\u001b[31;1merror:\u001b[0m x","raw_msg":"x"}}"#
            );
            let expected = Message {
                level: 0,
                text: "error: x".to_owned(),
                raw: Some("x".to_owned()),
                position: Some(("/r/a.nix".to_owned(), 1)),
            };
            check(&line, Some(LogEvent::Message(expected)));
        };
        check_place("/r/a.nix");
        check_place("/r/a.nix:1:39");
    }

    #[test]
    fn what_is_unknown_is_ignored_and_what_is_no_event_is_said() {
        check(r#"@nix {"action":"result","fields":[1],"id":1,"type":999}"#, None);
        check(r#"@nix {"action":"dance"}"#, None);
        check("", None);
        let said = |text: &str, level| {
            Some(LogEvent::Message(Message { level, text: text.to_owned(), raw: None, position: None }))
        };
        check("error: cannot", said("error: cannot", 0));
        check("warning: old", said("warning: old", 1));
        check("@nix {broken", said("{broken", 0));
    }

    #[test]
    fn bytes_that_are_not_utf8_stay_readable() {
        let event = LogEvent::parse(b"@nix {\"action\":\"result\",\"fields\":[\"a\xffb\"],\"id\":1,\"type\":101}");
        assert_eq!(event, Some(LogEvent::LogLine { id: 1, line: "a\u{fffd}b".to_owned() }));
    }
}
