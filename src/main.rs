//! The `monitor` command: reads the command line and the settings, starts logging, runs one
//! command, and turns its end into an exit code.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use chrono::Utc;
use monitor::check::{self, Run, interrupted};
use monitor::cli::{Cli, Command, Global};
use monitor::config::{Environment, Settings};
use monitor::demo;
use monitor::redact::Redactor;
use monitor::telemetry::{self, Logging};

/// The command could not do its work.
const FAILED: u8 = 1;

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
        Ok(runtime) => {
            let code = runtime.block_on(run(command, &global));
            // A look-up of a name that hangs is not waited for.
            runtime.shutdown_background();
            code
        }
        Err(error) => refuse(FAILED, format!("the runtime cannot be started: {error}")),
    };
    ExitCode::from(ended)
}

async fn run(command: Command, global: &Global) -> u8 {
    match command {
        Command::Check(options) => {
            let environment = match Environment::load(global.env_file.as_deref()) {
                Ok(environment) => environment,
                Err(error) => return refuse(USAGE, error),
            };
            let settings = match Settings::read(|name| environment.get(name)) {
                Ok(settings) => settings,
                Err(error) => return refuse(USAGE, error),
            };
            let file = settings.log_file.as_deref();
            let file = file.filter(|_| !options.dry_run);
            let logging = logging(global, &environment);
            telemetry::start(Logging { file, ..logging }, &settings.redactor);
            let run = Run::start(Utc::now(), fastrand::u32(..));
            check::run(&settings, &options, &run, interrupted())
                .await
                .exit_code()
        }
        Command::Demo(options) => {
            let logging = logging(global, &Environment::default());
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
            let played = demo::play(options.accounts, Utc::now()).await;
            played.unwrap_or_else(|error| refuse(FAILED, format!("{error:#}")))
        }
    }
}

fn logging<'a>(global: &Global, environment: &Environment) -> Logging<'a> {
    let no_colour = environment.get("NO_COLOR").is_some_and(|no| !no.is_empty());
    Logging {
        format: global.log_format,
        verbosity: global.verbosity(),
        colour: std::io::stderr().is_terminal() && !no_colour,
        file: None,
    }
}

/// Says what is wrong where there is no log yet.
fn refuse(code: u8, error: impl Display) -> u8 {
    let _ = writeln!(std::io::stderr(), "monitor: {error}");
    code
}
