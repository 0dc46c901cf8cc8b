//! The `monitor` command: reads the command line and the settings, starts logging, runs one
//! command, and turns its end into an exit code.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use chrono::Utc;
use monitor::check::{self, Run, interrupted};
use monitor::cli::{CheckOptions, Cli, Command, Global};
use monitor::config::{Environment, Settings};
use monitor::demo;
use monitor::redact::Redactor;
use monitor::telemetry::{self, Logging};

/// Usage or settings are wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    // Before anything opens a connection: two TLS providers in a process would panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (command, global) = Cli::read().into_command();
    let ended = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(run(command, &global)),
        Err(error) => Err(error.into()),
    };
    ended.map_or_else(refuse, ExitCode::from)
}

async fn run(command: Command, global: &Global) -> anyhow::Result<u8> {
    let environment = Environment::load(global.env_file.as_deref())?;
    let colour = std::io::stderr().is_terminal()
        && environment.get("NO_COLOR").is_none_or(|no| no.is_empty());
    let logging = Logging {
        format: global.log_format,
        verbosity: global.verbosity(),
        colour,
        file: None,
    };
    match command {
        Command::Check(options) => {
            let settings = Settings::read(|name| environment.get(name))?;
            let file = settings.log_file.as_deref().filter(|_| !options.dry_run);
            telemetry::start(Logging { file, ..logging }, &settings.redactor);
            Ok(checked(&settings, &options).await)
        }
        Command::Demo(options) => {
            let verbosity = if global.verbose == 0 {
                -1
            } else {
                logging.verbosity
            };
            telemetry::start(
                Logging {
                    verbosity,
                    ..logging
                },
                &Redactor::new([]),
            );
            demo::play(options.accounts, Utc::now()).await
        }
    }
}

async fn checked(settings: &Settings, options: &CheckOptions) -> u8 {
    let run = Run::start(Utc::now(), fastrand::u32(..));
    check::run(settings, options, &run, interrupted())
        .await
        .exit_code()
}

/// Says what is wrong with the call, before there is a log.
fn refuse(error: anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "monitor: {error}");
    ExitCode::from(USAGE)
}
