//! The program: reads one request as a line of JSON on standard input, and writes events as JSON lines on standard output, of which the last is
//! the answer (exit status 0, however bad it is) or why there is none (2).

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use binary_cache::request::{Asker, Tell, answer};
use cache_protocol::{Event, Fault, FaultKind, Request};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit status of who interrupts twice.
const INTERRUPTED: i32 = 130;

fn main() -> ExitCode {
    leave_no_core();
    let stop = Arc::new(AtomicBool::new(false));
    // Nobody reads the answer any more where it cannot be written: so nothing more is begun.
    let stopped = Arc::clone(&stop);
    let tell: Tell = Arc::new(move |event: Event| {
        if write(&event).is_err() {
            stopped.store(true, Ordering::Relaxed);
        }
    });
    let answered = heed_signals(&stop)
        .and_then(|()| request())
        .and_then(|request| answer(&request, Asker { tell: &tell, stop: &stop }));
    let (last, status) = match answered {
        Ok(answer) => (Event::Answer(Box::new(answer)), ExitCode::SUCCESS),
        Err(fault) => (Event::Failed(fault), ExitCode::from(2)),
    };
    if write(&last).is_err() { ExitCode::from(2) } else { status }
}

/// What is read here holds tokens, keys and secret values: a crash must not write it into a file.
fn leave_no_core() {
    let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
    // To lower a limit is always allowed.
    setrlimit(Resource::Core, limit).ok();
}

/// The first signal stops in order, the second one at once.
fn heed_signals(stop: &Arc<AtomicBool>) -> Result<(), Fault> {
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(stop))
            .and_then(|_| flag::register(signal, Arc::clone(stop)))
            .map_err(|error| Fault::new(FaultKind::Local, format!("listen for signals: {error}")))?;
    }
    Ok(())
}

fn request() -> Result<Request, Fault> {
    let unreadable = |what: String| Fault::new(FaultKind::Usage, format!("read the request: {what}"));
    let mut text = Vec::new();
    std::io::stdin().lock().read_until(b'\n', &mut text).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))
}

fn write(event: &Event) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}
