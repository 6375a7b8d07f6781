//! A run as a trace in Chrome's format, for Perfetto and `chrome://tracing`: what each worker was at, and when.
//!
//! Source: "Trace Event Format", complete events (`ph` is `X`, times in microseconds) and metadata events that name them. Each
//! kind of work is a process of the trace, each worker a thread.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use super::words::store_name;
use crate::fleet::{Span, Work};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trace<'a> {
    trace_events: Vec<Event<'a>>,
    display_time_unit: &'static str,
}

#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    #[serde(rename = "ph")]
    phase: &'static str,
    #[serde(rename = "pid")]
    process: usize,
    #[serde(rename = "tid")]
    thread: usize,
    #[serde(flatten)]
    times: Option<Times>,
    args: Arguments<'a>,
}

#[derive(Serialize)]
struct Times {
    #[serde(rename = "cat")]
    category: &'static str,
    #[serde(rename = "ts")]
    begun: u64,
    #[serde(rename = "dur")]
    length: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Arguments<'a> {
    Name {
        name: String,
    },
    Span {
        path: &'a str,
        failed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
}

/// `spans` as a trace that begins at `origin`.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document<'a>(spans: impl Iterator<Item = &'a Span>, origin: Instant) -> Result<String> {
    let mut spans: Vec<&Span> = spans.collect();
    spans.sort_by_key(|span| (span.began, span.work, span.worker));
    let workers: BTreeSet<(Work, usize)> = spans.iter().map(|span| (span.work, span.worker)).collect();
    let kinds: BTreeSet<Work> = workers.iter().map(|(work, _)| *work).collect();
    let mut trace_events: Vec<Event<'_>> = Vec::new();
    trace_events.extend(kinds.iter().map(|work| named("process_name", *work, 0, work.word().to_owned())));
    let thread = |(work, worker): &(Work, usize)| {
        named("thread_name", *work, *worker, format!("{} {}", work.word(), worker + 1))
    };
    trace_events.extend(workers.iter().map(thread));
    trace_events.extend(spans.iter().map(|span| complete(span, origin)));
    Ok(serde_json::to_string(&Trace { trace_events, display_time_unit: "ms" })? + "\n")
}

/// The number of a kind of work as a process of the trace.
fn process(work: Work) -> usize {
    1 + Work::ALL.iter().position(|other| *other == work).unwrap_or_default()
}

fn named(what: &str, work: Work, worker: usize, name: String) -> Event<'_> {
    let args = Arguments::Name { name };
    Event { name: what, phase: "M", process: process(work), thread: worker + 1, times: None, args }
}

fn complete(span: &Span, origin: Instant) -> Event<'_> {
    Event {
        name: store_name(&span.name),
        phase: "X",
        process: process(span.work),
        thread: span.worker + 1,
        times: Some(Times {
            category: span.work.word(),
            begun: micros(span.since(origin)),
            length: micros(span.length()),
        }),
        args: Arguments::Span { path: &span.name, failed: span.failed, bytes: span.bytes },
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_a_process_and_each_worker_a_thread() {
        let origin = Instant::now();
        let span = |work, worker, name: &str, from: u64, to: u64| Span {
            work,
            worker,
            name: name.to_owned(),
            began: origin + Duration::from_millis(from),
            ended: origin + Duration::from_millis(to),
            failed: work == Work::Build,
            bytes: (work == Work::Build).then_some(7),
        };
        let drv = "/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-a\"b.drv";
        let spans = [span(Work::Build, 1, drv, 5, 7), span(Work::Evaluation, 0, "nixos:web", 1, 4)];
        let text = document(spans.iter(), origin).unwrap();
        let trace: serde_json::Value = serde_json::from_str(&text).unwrap();
        let events: Vec<String> = trace["traceEvents"].as_array().unwrap().iter().map(ToString::to_string).collect();
        expect_test::expect![[r#"
            {"args":{"name":"evaluation"},"name":"process_name","ph":"M","pid":3,"tid":1}
            {"args":{"name":"build"},"name":"process_name","ph":"M","pid":4,"tid":1}
            {"args":{"name":"evaluation 1"},"name":"thread_name","ph":"M","pid":3,"tid":1}
            {"args":{"name":"build 2"},"name":"thread_name","ph":"M","pid":4,"tid":2}
            {"args":{"failed":false,"path":"nixos:web"},"cat":"evaluation","dur":3000,"name":"nixos:web","ph":"X","pid":3,"tid":1,"ts":1000}
            {"args":{"bytes":7,"failed":true,"path":"/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-a\"b.drv"},"cat":"build","dur":2000,"name":"a\"b","ph":"X","pid":4,"tid":2,"ts":5000}"#]].assert_eq(&events.join("\n"));
    }
}
