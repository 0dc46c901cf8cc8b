//! The `monitor` command: reads the command line and the settings, starts logging, runs one
//! command, and turns its end into an exit code.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use monitor::check::{self, Host, Run, interrupted};
use monitor::cli::{
    self, CheckOptions, Cli, Command, DemoOptions, DoctorOptions, ExplainOptions, Global,
    HistoryOptions, ReportOptions, StatusOptions,
};
use monitor::config::{EnvFileError, Environment, Parts, Settings};
use monitor::domain::History;
use monitor::github::Job;
use monitor::history::Past;
use monitor::progress::Progress;
use monitor::redact::Redactor;
use monitor::report::Report;
use monitor::status::{self, Status};
use monitor::store::Store;
use monitor::telemetry::{self, Logging};
use monitor::terminal::{self, screen::Screen};
use monitor::{data, demo, doctor, explain};

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
    let ended = match command {
        Command::Check(options) => check(&options, global).await,
        Command::Doctor(options) => doctor(&options, global).await,
        Command::Status(options) => status(&options, global).await,
        Command::History(options) => history(&options, global).await,
        Command::Report(options) => report(&options, global).await,
        Command::Explain(options) => explain(&options),
        Command::Demo(options) => demo(&options, global).await,
        Command::Completions { shell } => shown(terminal::print(&cli::completions(shell))),
        Command::Man => shown(cli::manual().and_then(|page| terminal::print(&page))),
    };
    ended.unwrap_or_else(|code| code)
}

async fn check(options: &CheckOptions, global: &Global) -> Result<u8, u8> {
    let run = Run::start(Utc::now(), fastrand::u32(..));
    let environment = match environment(global) {
        Ok(environment) => environment,
        Err(error) => {
            return Err(refuse_check(&error, options, &Environment::default(), &run).await);
        }
    };
    let settings = match Settings::read(|name| environment.get(name)) {
        Ok(settings) => settings,
        Err(error) => return Err(refuse_check(&error, options, &environment, &run).await),
    };
    let file = settings.common.log_file.as_deref();
    let logging = Logging {
        file: file.filter(|_| !options.dry_run),
        ..logging(global, &environment)
    };
    telemetry::start(&logging, &settings.common.redactor);
    let host = Host {
        progress: logging.progress,
        job: Job::read(|name| environment.get(name)),
    };
    let ending = check::run(&settings, options, &run, &host, interrupted()).await;
    Ok(ending.exit_code())
}

/// Says why a check cannot begin, also to those who watch over the checks.
async fn refuse_check(
    error: &impl Display,
    options: &CheckOptions,
    environment: &Environment,
    run: &Run,
) -> u8 {
    let code = refuse(USAGE, error);
    if !options.dry_run {
        let common = Parts::read(|name| environment.get(name)).common;
        let job = Job::read(|name| environment.get(name));
        check::refused(&error.to_string(), &common, &job, run).await;
    }
    code
}

async fn report(options: &ReportOptions, global: &Global) -> Result<u8, u8> {
    let memory = memory(global)?;
    let report = Report::read(&*memory.store, Utc::now()).await;
    let report = report.map_err(|error| refuse(FAILED, error))?;
    if options.json {
        return shown(terminal::print_json(&report));
    }
    let written = report.write(&options.html);
    let path = written.map_err(|error| refuse(FAILED, error))?;
    shown(terminal::print(&format!(
        "The report is in {}",
        path.display()
    )))
}

async fn status(options: &StatusOptions, global: &Global) -> Result<u8, u8> {
    let now = Utc::now().trunc_subsecs(6);
    let memory = memory(global)?;
    let history = memory.look(now, status::RUNS).await?;
    let status = Status::new(&history, &options.filter, &memory.place, now);
    if options.json || options.csv {
        for note in status.notes() {
            tracing::warn!("{note}");
        }
    }
    shown(if options.json {
        terminal::print_json(&status.json())
    } else if options.csv {
        terminal::print(&status.csv().map_err(|error| refuse(FAILED, error))?)
    } else {
        terminal::print(&status.text(&Screen::of_stdout(&memory.environment)))
    })
}

async fn history(options: &HistoryOptions, global: &Global) -> Result<u8, u8> {
    let now = Utc::now().trunc_subsecs(6);
    let since = options.since.start(now);
    let since = since.map_err(|error| refuse(USAGE, format!("--since: {error}")))?;
    let memory = memory(global)?;
    let history = memory.look(since, 1).await?;
    let Memory {
        retention, place, ..
    } = &memory;
    let past = Past::new(history, options, since, *retention, place, now);
    shown(if options.json {
        terminal::print_json(&past.json())
    } else {
        terminal::print(&past.text(&Screen::of_stdout(&memory.environment)))
    })
}

async fn doctor(options: &DoctorOptions, global: &Global) -> Result<u8, u8> {
    let environment = environment(global);
    // A file that cannot be read is one of the findings.
    let none = Environment::default();
    let values = environment.as_ref().unwrap_or(&none);
    let parts = Parts::read(|name| values.get(name));
    telemetry::start(&quiet(global, values), &parts.common.redactor);
    let run = Run::start(Utc::now(), fastrand::u32(..));
    let job = Job::read(|name| values.get(name));
    let findings = doctor::examine(&parts, &environment, options, &job, &run).await;
    shown(if options.json {
        terminal::print_json(&findings)
    } else {
        terminal::print(&doctor::text(&findings, &Screen::of_stdout(values)))
    })?;
    Ok(doctor::exit_code(&findings))
}

fn explain(options: &ExplainOptions) -> Result<u8, u8> {
    if let Some(text) = &options.text {
        let explained = explain::text(&text.to_string_lossy(), options.json);
        return shown(terminal::print(&explained));
    }
    let input = io::stdin();
    if input.is_terminal() {
        complain(
            "reads error texts, one a line, until the end of input (Ctrl-D, or Ctrl-Z on Windows)",
        );
    }
    let output = io::stdout().lock();
    match explain::lines(input.lock(), output, options.json, |fault| complain(fault)) {
        Ok(0) => Ok(0),
        Ok(_) => Err(USAGE),
        Err(error) => Err(refuse(FAILED, error)),
    }
}

async fn demo(options: &DemoOptions, global: &Global) -> Result<u8, u8> {
    let logging = quiet(global, &Environment::default());
    telemetry::start(&logging, &Redactor::new([]));
    let played = demo::play(options.accounts, Utc::now(), logging.progress).await;
    played.map_err(|error| refuse(FAILED, format!("{error:#}")))
}

/// The memory, for a command that only looks into it.
struct Memory {
    store: Box<dyn Store>,
    /// Where it is.
    place: String,
    /// How long what was resolved stays in it.
    retention: TimeDelta,
    environment: Environment,
}

/// Opens the memory, and starts logging.
fn memory(global: &Global) -> Result<Memory, u8> {
    let environment = environment(global).map_err(|error| refuse(USAGE, error))?;
    let parts = Parts::read(|name| environment.get(name));
    let (database, common) = parts.memory().map_err(|error| refuse(USAGE, error))?;
    telemetry::start(&logging(global, &environment), &common.redactor);
    Ok(Memory {
        store: database.store(common.database_timeout, common.redactor),
        place: database.to_string(),
        retention: common.retention,
        environment,
    })
}

impl Memory {
    /// Reads cycles and runs, fit to be shown.
    async fn look(&self, since: DateTime<Utc>, runs: u32) -> Result<History, u8> {
        let history = self.store.history(since, runs).await;
        history
            .map(data::clean)
            .map_err(|error| refuse(FAILED, error))
    }
}

fn environment(global: &Global) -> Result<Environment, EnvFileError> {
    Environment::load(global.env_file.as_deref())
}

fn logging<'a>(global: &Global, environment: &Environment) -> Logging<'a> {
    Logging {
        format: global.log_format,
        verbosity: global.verbosity(),
        colour: terminal::has_colour(&console::Term::stderr(), environment),
        file: None,
        // In a continuous integration some call a terminal what nobody looks at.
        progress: Progress::new(!global.quiet && environment.get("CI").is_none()),
    }
}

/// For commands that say themselves what they find: unless somebody asks, errors alone are logged.
fn quiet<'a>(global: &Global, environment: &Environment) -> Logging<'a> {
    let logging = logging(global, environment);
    Logging {
        verbosity: if global.verbose == 0 {
            -1
        } else {
            logging.verbosity
        },
        ..logging
    }
}

/// The exit code of a command that has printed all that it has to say.
fn shown(printed: io::Result<()>) -> Result<u8, u8> {
    printed
        .map(|()| 0)
        .map_err(|error| refuse(FAILED, format!("the output cannot be written: {error}")))
}

/// Says what is wrong where there is no log yet.
fn refuse(code: u8, error: impl Display) -> u8 {
    complain(error);
    code
}

/// Says something to whoever started the program.
fn complain(words: impl Display) {
    let _ = writeln!(io::stderr(), "monitor: {words}");
}
