//! How far a check is, for a person at a terminal.

use std::fmt;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

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

    /// The listing begins; the last one held `expected` accounts, which take `least` by the limit
    /// of requests.
    pub fn begin(&self, expected: Option<u64>, least: Duration) {
        let template = match expected {
            Some(_) => "{spinner} {wide_bar} {pos} of about {len} accounts, {elapsed}{left}{msg}",
            None => "{spinner} {pos} accounts, {elapsed}{msg}",
        };
        match expected {
            Some(expected) => self.bar.set_length(expected),
            None => self.bar.unset_length(),
        }
        self.bar.set_message("");
        if let Ok(style) = ProgressStyle::with_template(template) {
            let left = move |state: &ProgressState, text: &mut dyn fmt::Write| {
                let read = (state.pos(), state.len().unwrap_or_default());
                if let Some(left) = left(read, state.elapsed(), least) {
                    let _ = write!(text, ", about {:#} left", HumanDuration(left));
                }
            };
            self.bar.set_style(style.with_key("left", left));
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

    /// The listing is read from its first page again.
    pub fn restart(&self) {
        self.bar.set_position(0);
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

/// How long the rest takes when `read.0` accounts of about `read.1` took `elapsed` and all of them
/// take at least `least`; `None` where nothing can be said.
fn left(read: (u64, u64), elapsed: Duration, least: Duration) -> Option<Duration> {
    let (pos, len) = read;
    let rest = len.checked_sub(pos).filter(|rest| *rest > 0)?;
    // Fleets are far smaller than what a float counts exactly.
    let share = |part: u64, whole: u64| part as f64 / whole as f64;
    let by_limit = least.as_secs_f64() * share(rest, len);
    let so_far = match pos {
        0 => 0.0,
        pos => elapsed.as_secs_f64() * share(rest, pos),
    };
    let left = Duration::try_from_secs_f64(by_limit.max(so_far)).ok()?;
    Some(left).filter(|left| left.as_secs() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_what_the_limit_asks_or_what_the_first_part_took() {
        let seconds = |read, elapsed, least| {
            let [elapsed, least] = [elapsed, least].map(Duration::from_secs);
            left(read, elapsed, least).map(|left| left.as_secs())
        };
        assert_eq!(seconds((0, 1_000), 0, 20), Some(20));
        assert_eq!(seconds((250, 1_000), 5, 20), Some(15));
        assert_eq!(seconds((250, 1_000), 10, 20), Some(30));
        assert_eq!(seconds((250, 1_000), 10, 0), Some(30));
        for read in [(0, 1_000), (0, 0), (1_000, 1_000), (1_001, 1_000)] {
            assert_eq!(seconds(read, 0, 0), None, "{read:?}");
        }
    }
}
