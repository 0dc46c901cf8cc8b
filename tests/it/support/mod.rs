//! A world for the program: fake servers over real sockets, a real database, a folder of its own.

mod database;
pub mod heartbeat;
pub mod link;
mod server;
pub mod shim;
pub mod slack;
pub mod smartlead;

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub use database::{Database, Engine, authority};
use serde_json::Value;
use slack::FakeSlack;
use smartlead::FakeSmartlead;
use tempfile::TempDir;

/// Defines each test once for each engine; the body is given a fresh [`World`].
macro_rules! on_every_engine {
    ($($(#[$attribute:meta])* fn $name:ident($world:ident) $body:block)+) => {
        mod postgres {
            use super::*;
            $(#[test] $(#[$attribute])* fn $name() {
                let $world = $crate::support::World::new($crate::support::Engine::Postgres);
                $body
            })+
        }
        mod pooled {
            use super::*;
            $(#[test] $(#[$attribute])* fn $name() {
                let $world = $crate::support::World::new($crate::support::Engine::Pooled);
                $body
            })+
        }
        mod sqlite {
            use super::*;
            $(#[test] $(#[$attribute])* fn $name() {
                let $world = $crate::support::World::new($crate::support::Engine::Sqlite);
                $body
            })+
        }
    };
}
pub(crate) use on_every_engine;

pub const KEY: &str = "key-5b1f3c";
pub const TOKEN: &str = "xoxb-7d20aa";
pub const CHANNEL: &str = "C0123456789";

/// Everything one run of the program touches.
pub struct World {
    pub smartlead: FakeSmartlead,
    pub slack: FakeSlack,
    pub database: Database,
    folder: TempDir,
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    pub fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            smartlead: FakeSmartlead::start(),
            slack: FakeSlack::start(),
            database: Database::create(engine, &folder.path().join("monitor.db")),
            folder,
        }
    }

    /// Another folder and another database before the same servers, which forget their faults.
    pub fn anew(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        self.smartlead.heal();
        self.slack.heal();
        self.slack.posts();
        Self {
            smartlead: self.smartlead.clone(),
            slack: self.slack.clone(),
            database: Database::create(self.database.engine(), &folder.path().join("monitor.db")),
            folder,
        }
    }

    /// A world whose engine does not matter.
    pub fn any() -> Self {
        Self::new(Engine::Sqlite)
    }

    /// Runs the program with the usual settings.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    /// Runs the program with some settings changed; an empty value unsets one.
    pub fn run_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Ran {
        self.command(arguments, settings).output().unwrap().into()
    }

    /// The program, ready to run, in an environment that holds nothing but its settings.
    pub fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let mut command = monitor(self.folder.path());
        command
            .args(arguments)
            .env("SMARTLEAD_API_KEY", KEY)
            .env("SMARTLEAD_BASE_URL", self.smartlead.url())
            .env("SLACK_BOT_TOKEN", TOKEN)
            .env("SLACK_CHANNEL_ID", CHANNEL)
            .env("SLACK_BASE_URL", self.slack.url())
            .env("DATABASE_URL", self.database.url())
            .env("RATE_LIMIT_REQUESTS", "0")
            .env("RETRY_BASE_MS", "1")
            .env("RUN_TIMEOUT_SECS", "60")
            .envs(settings.iter().copied());
        command
    }

    /// Runs the program on a terminal of so many columns, to a good end, and gives what that shows.
    pub fn on_terminal(&self, columns: u16, arguments: &str, settings: &[(&str, &str)]) -> String {
        let program = self.command(&[], settings);
        let path = program.get_program().display();
        let line = format!("stty cols {columns} rows 24; '{path}' {arguments}");
        let mut script = Command::new("script");
        script
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TERM", "xterm");
        let settings = program.get_envs();
        script.envs(settings.filter_map(|(name, value)| Some((name, value?))));
        let ran = Ran::from(script.stdin(Stdio::null()).output().unwrap());
        ran.assert(0).stdout.replace("\r\n", "\n")
    }

    /// Waits until the servers have taken in what a program had sent before it was killed. No
    /// program may run.
    pub fn settle(&self) {
        self.smartlead.settle();
        self.slack.settle();
        self.database.settle();
    }

    /// Starts a check, sends it a signal once `is_time` says so, and gives its exit code, if it has
    /// one.
    pub fn signal_when(&self, signal: &str, is_time: impl Fn() -> bool) -> Option<i32> {
        let mut command = self.command(&[], &[]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        while !is_time() {
            assert_eq!(child.try_wait().unwrap(), None, "ended by itself");
            std::thread::yield_now();
        }
        send_signal(child.id(), signal);
        child.wait().unwrap().code()
    }

    /// A path in the folder that the program runs in.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The rows of the audit trail as `account event kind`, in the order of the files and rows.
    pub fn audit(&self) -> Vec<String> {
        self.audit_records()
            .iter()
            .map(|r| format!("{} {} {}", &r[2], &r[10], &r[6]))
            .collect()
    }

    pub fn audit_records(&self) -> Vec<csv::StringRecord> {
        let mut files: Vec<PathBuf> = match std::fs::read_dir(self.path("audit_logs")) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => Vec::new(),
        };
        files.sort();
        let records = files.iter().flat_map(|file| {
            let mut reader = csv::ReaderBuilder::new()
                .flexible(true)
                .from_path(file)
                .unwrap();
            reader.records().map(Result::unwrap).collect::<Vec<_>>()
        });
        records.collect()
    }

    /// The open disconnections as `account kind told|untold`, by account.
    pub fn open(&self) -> Vec<String> {
        self.database.query(
            "select account_id || ' ' || disconnection_type || ' ' || \
             case when announced_at is null then 'untold' else 'told' end \
             from disconnected_accounts where is_active order by account_id",
        )
    }

    /// The resolved disconnections as `account kind resolution`, by account.
    pub fn resolved(&self) -> Vec<String> {
        self.database.query(
            "select account_id || ' ' || disconnection_type || ' ' || resolution \
             from disconnected_accounts where not is_active order by account_id",
        )
    }

    /// The outcomes of all runs, the first first.
    pub fn outcomes(&self) -> Vec<String> {
        self.database
            .query("select outcome from check_runs order by id")
    }

    pub fn state(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("state/last_check.json")).unwrap()).unwrap()
    }
}

/// Sends a process a signal, as a terminal or a scheduler does.
pub fn send_signal(process: u32, name: &str) {
    let killed = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(killed.unwrap().success());
}

/// The program in a folder, with no settings at all.
pub fn monitor(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
    command.env_clear().current_dir(folder);
    command
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            signal: output.status.signal(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Asserts how the run ended.
    #[track_caller]
    pub fn assert(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Asserts that the run was killed, as by the power that fails.
    #[track_caller]
    pub fn assert_killed(self) -> Self {
        assert_eq!(
            self.signal,
            Some(9),
            "code {}, stdout:\n{}\nstderr:\n{}",
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that there is exactly one error line, and that it holds all of these.
    #[track_caller]
    pub fn assert_error(self, code: i32, words: &[&str]) -> Self {
        let ran = self.assert(code);
        let lines: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| line.contains("Z ERROR "))
            .collect();
        assert_eq!(lines.len(), 1, "{}", ran.stderr);
        for word in words {
            assert!(lines[0].contains(word), "{word:?} is not in: {}", lines[0]);
        }
        assert!(!ran.stderr.contains("stack backtrace"), "{}", ran.stderr);
        ran
    }
}
