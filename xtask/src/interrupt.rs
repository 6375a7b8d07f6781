//! Ctrl-C and SIGTERM: counted here, acted upon by whoever runs children.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);

/// Counts signals from now on instead of dying from them.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn install() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("install the signal handlers")?;
    std::thread::spawn(move || {
        for _signal in signals.forever() {
            INTERRUPTS.fetch_add(1, Ordering::SeqCst);
        }
    });
    Ok(())
}

/// How often the run was asked to stop: once is in order, twice is at once.
#[must_use]
pub fn count() -> usize {
    INTERRUPTS.load(Ordering::SeqCst)
}
