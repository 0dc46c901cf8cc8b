//! How far a check is, for a person at a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// One line at the foot of the terminal while the listing is read. Clones share it. It draws on
/// stderr, and nothing at all where that is no terminal.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A line that is drawn if `wanted` and if stderr is a terminal.
    pub fn new(wanted: bool) -> Self {
        let bar = ProgressBar::no_length();
        bar.set_draw_target(if wanted {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        Self { bar }
    }

    /// The listing begins; the last one held `expected` accounts.
    pub fn begin(&self, expected: Option<u64>) {
        let template = match expected {
            Some(_) => "{spinner} {wide_bar} {pos} of about {len} accounts, {elapsed}{msg}",
            None => "{spinner} {pos} accounts, {elapsed}{msg}",
        };
        match expected {
            Some(expected) => self.bar.set_length(expected),
            None => self.bar.unset_length(),
        }
        self.bar.set_message("");
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.reset();
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// Page `page`, counted from 1, was read, with so many accounts.
    pub fn page(&self, page: usize, accounts: usize) {
        self.bar.set_message(format!(", page {page}"));
        self.bar.inc(u64::try_from(accounts).unwrap_or_default());
    }

    /// The server asked for a pause.
    pub fn pause(&self, wait: Duration) {
        let seconds = wait.as_secs_f32().ceil();
        self.bar
            .set_message(format!(", rate limited, waiting {seconds} s"));
    }

    /// The listing is over, however it ended; the line goes.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Takes the line away while `write` writes to the terminal.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}
