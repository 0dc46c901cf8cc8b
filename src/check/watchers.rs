//! Those who watch over the checks: the heartbeat, and the job of GitHub Actions around them. None
//! of them changes how a check ends.

use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;
use tracing::warn;

use super::{Counts, Ending, Run, interrupted};
use crate::config::{Common, Settings};
use crate::domain::{Diff, Disconnection, Event};
use crate::github::{self, Job, Level};
use crate::heartbeat::{Heartbeat, Signal};
use crate::store::Database;
use crate::terminal;

/// What is said of a check whose settings are wrong.
const REFUSED: Word = Word {
    title: "The check could not begin",
    level: Some(Level::Error),
    signal: Some(Signal::Failure),
};

/// Those who watch over one check, and what there is to say to them when it is over.
pub(super) struct Watchers<'a> {
    job: &'a Job,
    heartbeat: Option<Heartbeat>,
    /// The ping of the start, which is on its way while the check goes on.
    start: Cell<Option<JoinHandle<()>>>,
    summary: RefCell<Summary>,
}

#[derive(Default)]
struct Summary {
    /// Known once the check was applied.
    counts: Option<Counts>,
    /// Disconnections that it found, as many as are shown.
    new: Vec<Disconnection>,
    /// How many it found.
    found: usize,
    /// Why it did not end well, without secrets.
    problem: Option<String>,
}

/// How an ending is told.
struct Word {
    title: &'static str,
    /// Of the annotation.
    level: Option<Level>,
    /// Of the heartbeat.
    signal: Option<Signal>,
}

/// Tells of a check that could not begin, for its settings are wrong.
pub async fn refused(problem: &str, common: &Common, job: &Job, run: &Run) {
    let watchers = Watchers::new(common, job);
    watchers.note_problem(common.redactor.redact(problem).into_owned());
    watchers.tell_in_time(REFUSED, run).await;
}

impl<'a> Watchers<'a> {
    pub(super) fn new(common: &Common, job: &'a Job) -> Self {
        let url = common.heartbeat_url.clone();
        Self {
            job,
            heartbeat: url.map(|url| Heartbeat::new(url, common.redactor.clone())),
            start: Cell::new(None),
            summary: RefCell::default(),
        }
    }

    /// Says so where the database will be gone before the next check.
    pub(super) fn warn_of_lost_files(&self, settings: &Settings) {
        if !self.job.forgets_files() || !matches!(settings.database, Database::Sqlite(_)) {
            return;
        }
        let words = format!("{}. {}", github::FORGETS, github::REMEMBER);
        warn!("{words}");
        self.annotate(Level::Warning, &words);
    }

    /// The check has begun. Nobody waits for the ping before the check is over.
    pub(super) fn note_start(&self, run: &Run) {
        if let Some(heartbeat) = self.heartbeat.clone() {
            let (run_id, elapsed) = (run.id.clone(), run.elapsed());
            self.start.set(Some(tokio::spawn(async move {
                let line = "Check begun";
                heartbeat.send(Signal::Start, &run_id, line, elapsed).await;
            })));
        }
    }

    pub(super) fn note_new(&self, found: &Diff) {
        let mut summary = self.summary.borrow_mut();
        summary.found = found.count(Event::Disconnected);
        let new = found.transitions.iter();
        summary.new = new
            .filter(|transition| transition.event == Event::Disconnected)
            .take(github::MOST_ROWS)
            .map(|transition| transition.disconnection.clone())
            .collect();
    }

    pub(super) fn note_counts(&self, counts: Counts) {
        self.summary.borrow_mut().counts = Some(counts);
    }

    pub(super) fn note_problem(&self, problem: String) {
        self.summary.borrow_mut().problem = Some(problem);
    }

    /// The check is over.
    pub(super) async fn note_end(&self, ending: &Ending, run: &Run) {
        let start = self.start.take();
        let (title, level, signal) = match ending {
            Ending::Complete => ("Check complete", None, Some(Signal::Success)),
            Ending::Untold => (
                "Check complete, but an alert is still untold",
                Some(Level::Warning),
                Some(Signal::Failure),
            ),
            Ending::Failed => ("Check failed", Some(Level::Error), Some(Signal::Failure)),
            // The other run speaks for itself; but what this one has begun to say it has to end.
            Ending::Busy => (
                "Nothing was done: another run is under way",
                Some(Level::Warning),
                start.is_some().then_some(Signal::Failure),
            ),
        };
        self.start.set(start);
        let word = Word {
            title,
            level,
            signal,
        };
        self.tell_in_time(word, run).await;
    }

    /// Tells, unless somebody is in a hurry. What goes wrong here is not the check's fault.
    async fn tell_in_time(&self, word: Word, run: &Run) {
        tokio::select! {
            _ = AssertUnwindSafe(self.tell(&word, run)).catch_unwind() => {}
            () = interrupted() => {}
        }
    }

    async fn tell(&self, word: &Word, run: &Run) {
        let summary = self.summary.take();
        let title = word.title;
        let numbers = summary.counts.map(|counts| counts.named().to_vec());
        let numbers = numbers.unwrap_or_default();
        let problem = summary.problem.as_deref();
        if let Some(level) = word.level {
            self.annotate(level, problem.unwrap_or(title));
        }
        let written = self.job.summarise(&github::Report {
            title,
            run_id: run.id.as_str(),
            counts: &numbers,
            new: &summary.new,
            found: summary.found,
            problem,
        });
        if let Err(error) = written {
            warn!("the job's summary cannot be written ({error}); nothing depends on it");
        }
        let (Some(heartbeat), Some(signal)) = (&self.heartbeat, word.signal) else {
            return;
        };
        if let Some(start) = self.start.take() {
            // In the order in which they are meant.
            let _ = start.await;
        }
        let line = match problem {
            Some(problem) => format!("{title}: {problem}"),
            None => {
                let numbers: Vec<String> = numbers
                    .iter()
                    .map(|(name, count)| format!("{count} {name}"))
                    .collect();
                format!("{title}: {}", numbers.join(", "))
            }
        };
        heartbeat.send(signal, &run.id, &line, run.elapsed()).await;
    }

    fn annotate(&self, level: Level, words: &str) {
        let Some(annotation) = self.job.annotation(level, words) else {
            return;
        };
        if let Err(error) = terminal::print(&annotation) {
            warn!("an annotation cannot be written ({error}); nothing depends on it");
        }
    }
}
