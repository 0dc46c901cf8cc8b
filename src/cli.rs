//! The commands and their options.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

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
    /// Play three hours against a simulated Smartlead and Slack; needs no account, key or server
    Demo(DemoOptions),
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

/// How to play the demo.
#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// Accounts in the simulated fleet, 10 to 100000
    #[arg(long, default_value_t = 2_500, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub accounts: u32,
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
    fn what_contradicts_itself_is_refused() {
        for line in [
            &["monitor", "--first-run", "--baseline"][..],
            &["monitor", "-q", "-v"],
            &["monitor", "chekc"],
            &["monitor", "demo", "--accounts", "9"],
            &["monitor", "--log-format", "xml"],
        ] {
            let error = Cli::try_parse_from(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
        }
    }
}
