//! What a look at one thing found, and how that is shown.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use crate::terminal::screen::{Paint, Screen};

/// The column in which the details begin, and the remedies below them.
const DETAIL: usize = 20;

/// On what is narrower, half of a line would be lost to that column.
const NARROW: usize = 60;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is as it should be.
    Ok,
    /// It works, but somebody should look at it.
    Warning,
    /// A check of the fleet would fail by it, or not be told.
    Failed,
    /// It could not be looked at.
    Skipped,
}

/// What a finding is about, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The settings.
    Settings,
    /// The source.
    Smartlead,
    /// The sink.
    Slack,
    /// The memory.
    Database,
    /// The other files.
    Files,
    /// The clock of this machine.
    Clock,
    /// Checks that have run.
    Checks,
}

/// What a look at one thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub part: Part,
    /// What was looked at; a setting by its name.
    pub check: &'static str,
    /// How it came out.
    pub status: Status,
    /// What was found.
    pub detail: String,
    /// How long the answer took, where there was somebody to answer.
    pub latency_ms: Option<u64>,
    /// What to do, as a sentence without its stop.
    pub remedy: Option<String>,
}

impl Part {
    /// A finding about this part.
    pub(super) fn finding(
        self,
        check: &'static str,
        status: Status,
        detail: impl Into<String>,
    ) -> Finding {
        Finding {
            part: self,
            check,
            status,
            detail: detail.into(),
            latency_ms: None,
            remedy: None,
        }
    }

    pub(super) fn ok(self, check: &'static str, detail: impl Into<String>) -> Finding {
        self.finding(check, Status::Ok, detail)
    }

    pub(super) fn warning(self, check: &'static str, detail: impl Into<String>) -> Finding {
        self.finding(check, Status::Warning, detail)
    }

    pub(super) fn failed(self, check: &'static str, detail: impl Into<String>) -> Finding {
        self.finding(check, Status::Failed, detail)
    }

    pub(super) fn skipped(self, check: &'static str, detail: impl Into<String>) -> Finding {
        self.finding(check, Status::Skipped, detail)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Smartlead => "smartlead",
            Self::Slack => "slack",
            Self::Database => "database",
            Self::Files => "files",
            Self::Clock => "clock",
            Self::Checks => "checks",
        }
    }
}

impl Finding {
    /// With what to do, if anything is known of that.
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into()).filter(|remedy| !remedy.is_empty());
        self
    }

    /// With the time that the answer took.
    pub(super) fn took(mut self, latency: Duration) -> Self {
        self.latency_ms = u64::try_from(latency.as_millis()).ok();
        self
    }
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    fn paint(self) -> Paint {
        match self {
            Self::Ok => Paint::Good,
            Self::Warning => Paint::Warn,
            Self::Failed => Paint::Bad,
            Self::Skipped => Paint::Dim,
        }
    }
}

/// The findings as text: a line each, the remedy below it, and a line that sums them up.
pub fn text(findings: &[Finding], screen: &Screen) -> String {
    let is_narrow = screen.width.is_some_and(|width| width < NARROW);
    let indent = if is_narrow { 2 } else { DETAIL };
    let mut text = String::new();
    for finding in findings {
        let Finding {
            part,
            check,
            detail,
            ..
        } = finding;
        let mark = format!("{:8}", finding.status.as_str());
        let mut line = format!("{mark} {:10} {check}: {detail}", part.as_str());
        if let Some(latency) = finding.latency_ms {
            line.push_str(&format!(" ({latency} ms)"));
        }
        let lines = screen.paragraph(&line, indent, Paint::Plain);
        let painted = screen.painted(Cow::Borrowed(&mark), finding.status.paint());
        text.push_str(&lines.replacen(&mark, &painted, 1));
        if let Some(remedy) = &finding.remedy {
            let remedy = format!("{:indent$}-> {remedy}", "");
            text.push_str(&screen.paragraph(&remedy, indent + 3, Paint::Plain));
        }
    }
    text.push('\n');
    text.push_str(&screen.paragraph(&summary(findings), 0, Paint::Plain));
    text
}

/// One sentence on them all.
fn summary(findings: &[Finding]) -> String {
    let with = |status: Status| {
        let found = findings.iter().filter(move |f| f.status == status);
        found.map(|f| format!("{} {}", f.part.as_str(), f.check))
    };
    let failed: Vec<String> = with(Status::Failed).collect();
    if !failed.is_empty() {
        let (of, failed) = (findings.len(), (failed.len(), failed.join(", ")));
        return format!("{} of {of} checks failed: {}.", failed.0, failed.1);
    }
    match with(Status::Warning).count() {
        0 => "All needed parts are fine.".to_owned(),
        1 => "All needed parts are fine, with 1 warning.".to_owned(),
        warnings => format!("All needed parts are fine, with {warnings} warnings."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Part::Settings.ok("SLACK_BOT_TOKEN", "bot token (xoxb-), 57 characters"),
            Part::Smartlead
                .ok("listing", "v1 serves")
                .took(Duration::from_millis(143)),
            Part::Slack
                .failed("membership", "the bot is not in the channel")
                .took(Duration::from_micros(900))
                .remedy("Invite the bot"),
            Part::Database
                .skipped("rows", "the tables are newer")
                .remedy(""),
            Part::Checks
                .warning("last check", "complete, 3 h 0 min ago")
                .remedy("See that the scheduler runs monitor"),
        ]
    }

    const PIPE: Screen = Screen {
        width: None,
        colour: false,
        utf8: true,
    };

    #[test]
    fn a_line_fits_the_terminal_and_its_letters() {
        for width in [30, 40, 80] {
            let screen = Screen {
                width: Some(width),
                utf8: false,
                ..PIPE
            };
            let finding = Part::Slack
                .failed(
                    "scopes",
                    "granted: chat:write… and so on, for a line and more of words",
                )
                .remedy("Add the scope that is named to the app, and install it again");
            let text = text(&[finding], &screen);
            assert!(text.is_ascii(), "{text}");
            let widest = text.lines().map(str::len).max().unwrap();
            assert!(widest <= width, "{width}: {text}");
        }
    }

    #[test]
    fn each_finding_is_a_line_with_its_remedy_below() {
        insta::assert_snapshot!("text", text(&findings(), &PIPE));
    }

    #[test]
    fn colour_is_on_the_marks_alone() {
        let (plain, coloured) = (
            text(&findings(), &PIPE),
            text(
                &findings(),
                &Screen {
                    colour: true,
                    ..PIPE
                },
            ),
        );
        assert!(plain.is_ascii() && !plain.contains('\u{1b}'));
        assert!(
            coloured.contains("\u{1b}[31mfailed  \u{1b}[0m slack"),
            "{coloured}"
        );
        let mut stripped = coloured;
        for code in ["32", "33", "31", "2", "0"] {
            stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(stripped, plain);
    }

    #[test]
    fn json_has_the_same() {
        let json = serde_json::to_string_pretty(&findings()[1..3]).unwrap();
        insta::assert_snapshot!("json", json);
    }

    #[test]
    fn only_a_failure_is_not_fine() {
        let mut findings = findings();
        assert_eq!(
            summary(&findings),
            "1 of 5 checks failed: slack membership."
        );
        findings.remove(2);
        assert_eq!(
            summary(&findings),
            "All needed parts are fine, with 1 warning."
        );
        findings.push(Part::Clock.warning("Slack", "61 s behind"));
        assert_eq!(
            summary(&findings),
            "All needed parts are fine, with 2 warnings."
        );
        findings.retain(|finding| finding.status != Status::Warning);
        assert_eq!(summary(&findings), "All needed parts are fine.");
    }
}
