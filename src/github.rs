//! What GitHub Actions shows of a check: the job's summary and annotations.
//!
//! Sources: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>,
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::domain::{Disconnection, text};

/// New disconnections in the summary's table; a summary may have 1 MiB.
pub const MOST_ROWS: usize = 50;

/// Characters of a cell of the table.
const LONGEST_CELL: usize = 120;

/// The job that the program runs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Job {
    /// Whether the runner looks for annotations in the output.
    annotates: bool,
    /// Whether the machine is gone after the job.
    is_hosted: bool,
    /// The file that the summary is appended to.
    summary: Option<PathBuf>,
    /// The page of the run, which lists its artifacts.
    page: Option<String>,
}

/// What follows where [`Job::forgets_files`] and the database is a file.
pub const FORGETS: &str = "GitHub Actions keeps no file from one run to the next, so with SQLite each \
                           run announces every disconnection anew";

/// What to do about that.
pub const REMEMBER: &str = "Set DATABASE_URL to a Postgres database";

/// How serious an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The check failed.
    Error,
    /// It did not, but somebody should look.
    Warning,
}

/// A check as the summary shows it.
#[derive(Debug)]
pub struct Report<'a> {
    /// One line: how it ended.
    pub title: &'a str,
    /// Its id.
    pub run_id: &'a str,
    /// Numbers, in order.
    pub counts: &'a [(&'static str, usize)],
    /// Disconnections that this check found, [`MOST_ROWS`] of them at most.
    pub new: &'a [Disconnection],
    /// How many it found.
    pub found: usize,
    /// Why it did not end well.
    pub problem: Option<&'a str>,
}

impl Job {
    /// Reads the variables that the runner sets.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| get(name).filter(|value| !value.is_empty());
        let annotates = set("GITHUB_ACTIONS").as_deref() == Some("true");
        Self {
            annotates,
            is_hosted: annotates && set("RUNNER_ENVIRONMENT").as_deref() != Some("self-hosted"),
            summary: set("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            page: match (
                set("GITHUB_SERVER_URL"),
                set("GITHUB_REPOSITORY"),
                set("GITHUB_RUN_ID"),
            ) {
                (Some(server), Some(repository), Some(run)) => {
                    Some(format!("{server}/{repository}/actions/runs/{run}"))
                }
                _ => None,
            },
        }
    }

    /// Whether files are gone after the job.
    pub fn forgets_files(&self) -> bool {
        self.is_hosted
    }

    /// The line that makes an annotation, if the runner looks for such lines.
    pub fn annotation(&self, level: Level, words: &str) -> Option<String> {
        let command = match level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let words = words
            .replace('%', "%25")
            .replace('\r', "%0D")
            .replace('\n', "%0A");
        self.annotates
            .then(|| format!("::{command} title=Smartlead Monitor::{words}"))
    }

    /// Appends a check to the job's summary, if there is one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn summarise(&self, report: &Report<'_>) -> io::Result<()> {
        let Some(path) = &self.summary else {
            return Ok(());
        };
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(markdown(report, self.page.as_deref()).as_bytes())
    }
}

/// A check in GitHub's Markdown.
fn markdown(report: &Report<'_>, page: Option<&str>) -> String {
    let mut text = format!(
        "### {}\n\nRun {}\n",
        escape(report.title),
        escape(report.run_id)
    );
    if let Some(problem) = report.problem {
        let lines: Vec<String> = problem.lines().map(escape).collect();
        let _ = write!(text, "\n> {}\n", lines.join("\n> "));
    }
    if !report.counts.is_empty() {
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let cells = |cell: &dyn Fn(&(&'static str, usize)) -> String| {
            row(report.counts.iter().map(cell).collect())
        };
        text.push('\n');
        text += &cells(&|(name, _)| (*name).to_owned());
        text += &cells(&|_| "---:".to_owned());
        text += &cells(&|(_, count)| count.to_string());
    }
    if !report.new.is_empty() {
        text += "\n| Newly down | Kind | Account | Type | Tags | Reason |\n| --- | --- | ---: | --- | --- | --- |\n";
    }
    for disconnection in report.new.iter() {
        let mailbox = &disconnection.mailbox;
        let reason = disconnection.explanation();
        let name = mailbox.address.as_deref().or(mailbox.name.as_deref());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            cell(name),
            disconnection.kind,
            mailbox.id,
            cell(mailbox.account_type.as_deref()),
            cell(Some(&mailbox.tags)),
            cell(reason.as_deref()),
        );
    }
    let more = report.found.saturating_sub(report.new.len());
    if more > 0 {
        let _ = write!(text, "\nThe CSV audit trail has {more} more.\n");
    }
    if let Some(page) = page {
        let _ = write!(
            text,
            "\n[CSV audit trail and log of this run]({page}#artifacts)\n"
        );
    }
    text.push('\n');
    text
}

fn cell(value: Option<&str>) -> String {
    escape(&text::clean(value.unwrap_or_default(), LONGEST_CELL))
}

/// Text from outside as nothing but text: a backslash makes every mark of Markdown an ordinary
/// character (<https://github.github.com/gfm/#backslash-escapes>).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
