//! The commands and their options.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, PossibleValue};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::demo;
use crate::domain::{Class, IncidentId, Kind, text};
use crate::history::Since;
use crate::smartlead::forecast::{LARGEST_PAGE, Pages};
use crate::telemetry::LogFormat;

/// Tells Slack, once, about each Smartlead mailbox that has newly lost its SMTP or IMAP
/// connection.
///
/// Without a command it runs one check. Settings come from the environment and from .env; the
/// README lists them. Exit codes: 0 all told, 1 check failed, 2 usage or settings, 3 an alert is
/// still untold, 4 another run holds the lease.
#[derive(Debug, Parser)]
#[command(version, about, long_about)]
pub struct Cli {
    /// What to do; one check if absent.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Options of the check that runs without a command.
    #[command(flatten)]
    pub check: CheckOptions,

    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Run one check: list, compare, record, tell (the same as no command)
    Check(CheckOptions),
    /// Look at settings, Smartlead, Slack, database, files and clock, and say what to do
    ///
    /// Leaves nothing behind, but for the message of --post. Exit codes: 0 all needed parts are
    /// fine, 1 one is not.
    Doctor(DoctorOptions),
    /// Show what is down now, and how the last check ended
    Status(StatusOptions),
    /// Show when accounts were down, which go down most often, and how long it takes
    History(HistoryOptions),
    /// Write a page of what is down, of the last 30 days, and of the last checks
    Report(ReportOptions),
    /// Say what the error texts of mailboxes mean, who mends it and how; needs no settings
    ///
    /// Without a text it reads standard input to its end and prints a line for each of its lines: class,
    /// owner and remedy, with a tab between two. Exit codes: 0 all were read, 2 with --json a line was no
    /// such object (it is answered by an object with `error`).
    Explain(ExplainOptions),
    /// Play five hours against a simulated Smartlead and Slack; needs no account, key or server
    Demo(DemoOptions),
    /// Print a script that completes commands and options in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, in roff
    Man,
}

/// How to check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct CheckOptions {
    /// Announce every current disconnection as new, even those on record
    #[arg(long, conflicts_with = "baseline")]
    pub first_run: bool,

    /// Record every current disconnection as told, without posting; for adopting a fleet with
    /// known outages
    #[arg(long)]
    pub baseline: bool,

    /// Write and post nothing; print what would happen
    #[arg(long)]
    pub dry_run: bool,

    /// Accept a listing with fewer than half the accounts of the last check
    #[arg(long)]
    pub accept_shrink: bool,
}

/// How to look for what is wrong.
#[derive(Debug, Clone, Args)]
pub struct DoctorOptions {
    /// Post a test message to the channel
    #[arg(long)]
    pub post: bool,

    /// Print the findings as JSON: part, check, status, detail, latency_ms, remedy
    #[arg(long)]
    pub json: bool,
}

/// How to show what is down.
#[derive(Debug, Clone, Args)]
pub struct StatusOptions {
    /// What to show.
    #[command(flatten)]
    pub filter: Filter,

    /// Print JSON, with everything that is on record
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,

    /// Print CSV, a line for each account
    #[arg(long)]
    pub csv: bool,
}

/// Which disconnections to show: those that have one of the values of each option that is given,
/// in any case.
#[derive(Debug, Clone, Default, Args)]
pub struct Filter {
    /// Show only this kind; may be repeated
    #[arg(long = "kind", value_name = "KIND", ignore_case = true)]
    pub kinds: Vec<Kind>,

    /// Show only this provider type, such as GMAIL; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,

    /// Show only accounts with this tag; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,

    /// Show only this client, by its id; may be repeated
    #[arg(long = "client", value_name = "ID")]
    pub clients: Vec<String>,

    /// Show only this cause, by its id, such as bad_password; may be repeated
    // In the short help all of them would be one long line.
    #[arg(
        long = "cause",
        value_name = "ID",
        ignore_case = true,
        hide_possible_values = true
    )]
    #[arg(long_help = causes())]
    pub causes: Vec<Class>,

    /// Show only what is part of this incident, by its number, and what is known of it
    #[arg(long, value_name = "ID", value_parser = incident)]
    pub incident: Option<IncidentId>,
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Both => "both",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
        }))
    }
}

/// The help of `--cause`.
fn causes() -> String {
    let causes = Class::ALL
        .iter()
        .map(|class| format!("\n- {class}: {}", class.words()));
    "Show only this cause, by its id; may be repeated:".to_owned() + &causes.collect::<String>()
}

/// The number of an incident.
fn incident(text: &str) -> Result<IncidentId, String> {
    let id = text.parse();
    id.map_err(|_| "incidents have whole numbers, from 1 on".to_owned())
}

impl ValueEnum for Class {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

/// How to show what was down.
#[derive(Debug, Clone, Args)]
pub struct HistoryOptions {
    /// Show one account, by its id or its address
    #[arg(long, value_name = "ID|ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    pub account: Option<String>,

    /// Look back so far: hours (12h), days (30d), weeks (2w), or since a date (2026-11-01)
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub since: Since,

    /// List no more cycles than this, the newest first; the figures are of all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What to make of the figures.
#[derive(Debug, Clone, Args)]
pub struct ReportOptions {
    /// Write the page to this file, and replace it if it exists
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    pub html: PathBuf,

    /// Print the figures as JSON, and write no page
    #[arg(long, conflicts_with = "html")]
    pub json: bool,
}

/// What to explain.
#[derive(Debug, Clone, Args)]
pub struct ExplainOptions {
    /// What a provider, a server or a mail library said
    #[arg(allow_hyphen_values = true)]
    pub text: Option<OsString>,

    /// Print JSON, an object a line: class, owner, remedy, transience; lines of standard input are
    /// objects too: text, and where it is known link (smtp, imap, oauth) and provider
    #[arg(long)]
    pub json: bool,
}

/// How to play the demo.
#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// Accounts in the simulated fleet, 10 to 100000; from 120 on its outage is an incident
    #[arg(long, default_value_t = 2_500, value_parser = demo_accounts)]
    pub accounts: u32,
}

/// A fleet that the demo can play before anybody leaves.
fn demo_accounts(text: &str) -> Result<u32, String> {
    const RANGE: RangeInclusive<u64> = 10..=100_000;
    let accounts: u64 = text
        .parse()
        .map_err(|_| format!("not a number from {} to {}", RANGE.start(), RANGE.end()))?;
    if accounts > *RANGE.end() {
        let pages = Pages::at(LARGEST_PAGE, Some(demo::RATE_LIMIT));
        return Err(format!(
            "{} hours of {} requests each, at {}, are {} of waiting; {} accounts are the most",
            demo::HOURS,
            text::grouped(pages.requests(accounts)),
            pages.pace(),
            text::time_needed(pages.takes(accounts).saturating_mul(demo::HOURS.into())),
            text::grouped(*RANGE.end())
        ));
    }
    match u32::try_from(accounts) {
        Ok(fleet) if RANGE.contains(&accounts) => Ok(fleet),
        _ => Err(format!("the story needs at least {}", RANGE.start())),
    }
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Log more: -v requests, -vv everything, -vvv the libraries too
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Show errors only; the log file gets the rest
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Shape of log lines
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// Read settings from this file instead of .env
    #[arg(long, global = true, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
}

impl Cli {
    /// Reads the command line. On a usage error it prints it and ends the process with code 2.
    pub fn read() -> Self {
        let cli = Self::parse();
        if cli.command.is_some() && cli.check != CheckOptions::default() {
            let words = "options of a check go after its name: monitor check --first-run";
            Self::command()
                .error(ErrorKind::ArgumentConflict, words)
                .exit();
        }
        cli
    }

    /// The command, which is a check unless another was given.
    pub fn into_command(self) -> (Command, Global) {
        let check = self.check;
        (self.command.unwrap_or(Command::Check(check)), self.global)
    }
}

/// The script that completes commands and options in `shell`.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "monitor", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page of the program and of each of its commands, in roff.
///
/// # Errors
/// None that memory does not give.
pub fn manual() -> std::io::Result<String> {
    let mut page = Vec::new();
    let mut program = Cli::command();
    program.build();
    clap_mangen::Man::new(program.clone()).render(&mut page)?;
    let commands = program.get_subcommands();
    for command in commands.filter(|command| command.get_name() != "help") {
        clap_mangen::Man::new(command.clone()).render(&mut page)?;
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

impl Global {
    /// Less than 0 for errors only, 0 for the usual, more for more.
    pub fn verbosity(&self) -> i8 {
        if self.quiet {
            -1
        } else {
            i8::try_from(self.verbose).unwrap_or(i8::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_check_is_the_default_command() {
        for line in [
            &["monitor", "--first-run", "-v"][..],
            &["monitor", "-v", "check", "--first-run"],
        ] {
            let (command, global) = Cli::parse_from(line).into_command();
            let Command::Check(options) = command else {
                panic!("{line:?}")
            };
            assert!(options.first_run && !options.baseline);
            assert_eq!(global.verbosity(), 1);
        }
    }

    #[test]
    fn a_demo_that_nobody_would_watch_is_refused_with_the_arithmetic() {
        for (accounts, words) in [
            ("9", "the story needs at least 10"),
            ("-1", "not a number from 10 to 100000"),
            (
                "1000000",
                "5 hours of 10,002 requests each, at 50 in 1 s, are 16 min 56 s of waiting; \
                 100,000 accounts are the most",
            ),
            ("99999999999", "100,000 accounts are the most"),
        ] {
            let argument = format!("--accounts={accounts}");
            let error = Cli::try_parse_from(["monitor", "demo", &argument]).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(words), "{error}");
        }
        for accounts in ["10", "100000"] {
            let line = ["monitor", "demo", "--accounts", accounts];
            assert!(Cli::try_parse_from(line).is_ok());
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for line in [
            &["monitor", "--first-run", "--baseline"][..],
            &["monitor", "-q", "-v"],
            &["monitor", "chekc"],
            &["monitor", "demo", "--accounts", "9"],
            &["monitor", "--log-format", "xml"],
            &["monitor", "status", "--json", "--csv"],
            &["monitor", "status", "--kind", "pop3"],
            &["monitor", "status", "--cause", "gremlins"],
            &["monitor", "status", "--incident", "0"],
            &["monitor", "history", "--since", "soon"],
            &["monitor", "history", "--limit", "-1"],
            &["monitor", "history", "--account", ""],
            &["monitor", "report", "--json", "--html", "x.html"],
            &["monitor", "report", "x.html"],
        ] {
            let error = Cli::try_parse_from(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
        }
    }
}
