//! The program before a simulated fleet, with a database.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use monitor::demo::simulator::{Down, KEY, Traffic, World};
use monitor::domain::Kind;
use tempfile::TempDir;

use crate::measure::{self, Cost};
use crate::support::link::Link;
use crate::support::{Database, Engine, monitor};

/// The runs on one database, in their order.
pub const SCENARIOS: [&str; 4] = [
    "nothing down",
    "1 % newly down",
    "30 % newly down",
    "unchanged",
];

/// A run of the program and what it took of others.
#[derive(Clone)]
pub struct Run {
    pub cost: Cost,
    pub requests: usize,
    /// What Postgres was asked; SQLite is not a server.
    pub asked: Option<Asked>,
}

/// What a run took of Postgres.
#[derive(Clone)]
pub struct Asked {
    pub trips: usize,
    /// How long these took together.
    pub waited: Duration,
    /// Rows inserted, updated and deleted.
    pub rows: u64,
    /// Bytes that the server wrote ahead.
    pub wal: u64,
}

pub struct Scene {
    pub smartlead: World,
    url: String,
    database: Database,
    link: Option<Link>,
    folder: TempDir,
}

impl Scene {
    pub fn new(accounts: u32, engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let smartlead = World::new(accounts);
        let database = Database::create(engine, &folder.path().join("monitor.db"));
        Self {
            url: serve(smartlead.clone()),
            smartlead,
            link: (engine == Engine::Postgres).then(|| Link::before(&database)),
            database,
            folder,
        }
    }

    /// One check after the other.
    pub fn play(&self) -> [Run; SCENARIOS.len()] {
        let accounts = self.smartlead.accounts();
        SCENARIOS.map(|scenario| {
            let percent = match scenario {
                "nothing down" => 0,
                "1 % newly down" => 1,
                _ => 31,
            };
            self.smartlead.set_down(down(accounts, percent));
            let run = self.check(&[("RATE_LIMIT_REQUESTS", "0")]).0;
            println!(
                "{accounts} accounts, {:?}, {scenario}: {:.1?}",
                self.database.engine(),
                run.cost.wall
            );
            if run.cost.code != 0 {
                println!("exit code {}: {}", run.cost.code, run.cost.said);
            }
            run
        })
    }

    /// A check with these settings, and what came to Smartlead.
    pub fn check(&self, settings: &[(&str, &str)]) -> (Run, Traffic) {
        let before = self.written();
        let cost = measure::run(&self.command(&[], settings), self.folder.path());
        self.database.settle();
        let after = self.written();
        let traffic = self.smartlead.take_traffic();
        self.smartlead.take_posts();
        let asked = self.link.as_ref().map(|link| Asked {
            trips: link.trips(),
            waited: link.waited(),
            rows: after.0 - before.0,
            wal: after.1 - before.1,
        });
        let run = Run {
            cost,
            requests: traffic.arrivals.len(),
            asked,
        };
        (run, traffic)
    }

    fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let mut command = monitor(self.folder.path());
        let database = self.link.as_ref().map_or(self.database.url(), Link::url);
        command
            .args(arguments)
            .env("SMARTLEAD_API_KEY", KEY)
            .env("SMARTLEAD_BASE_URL", &self.url)
            .env("SLACK_BOT_TOKEN", "xoxb-benchmark")
            .env("SLACK_CHANNEL_ID", "C0123456789")
            .env("SLACK_BASE_URL", format!("{}/api", self.url))
            .env("DATABASE_URL", database)
            .env("DATABASE_TIMEOUT_SECS", "600")
            .env("RUN_TIMEOUT_SECS", "3600")
            .envs(settings.iter().copied());
        command
    }

    /// Rows that the server has changed in this database, and bytes that it has written ahead.
    fn written(&self) -> (u64, u64) {
        if self.link.is_none() {
            return (0, 0);
        }
        let number = |sql: &str| self.database.query(sql)[0].parse().unwrap();
        (
            number(
                "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint::text \
                 from pg_stat_user_tables",
            ),
            number("select (pg_current_wal_lsn() - '0/0')::bigint::text"),
        )
    }
}

/// The first so many of each hundred accounts, in all kinds.
fn down(accounts: u32, percent: u32) -> Down {
    let wanted = (0..accounts).filter(|index| index % 100 < percent);
    wanted.zip(Kind::ALL.into_iter().cycle()).collect()
}

/// Serves a world on a thread of its own; gives its address.
fn serve(world: World) -> String {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            send.send(world.serve().await.unwrap()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    format!("http://{}", receive.recv().unwrap())
}

/// The plain client, reading a fleet.
pub fn python(accounts: u32) -> Run {
    let python = std::env::var("MONITOR_BENCH_PYTHON").expect("run this with scripts/bench.sh");
    let smartlead = World::new(accounts);
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(Engine::Postgres, folder.path());
    let mut command = Command::new(python);
    command
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/scripts/bench/plain.py"
        ))
        .env("SMARTLEAD_API_KEY", KEY)
        .env("SMARTLEAD_BASE_URL", serve(smartlead.clone()))
        .env("DATABASE_URL", database.url());
    let cost = measure::run(&command, folder.path());
    assert_eq!(cost.code, 0, "{}", cost.said);
    Run {
        cost,
        requests: smartlead.take_traffic().arrivals.len(),
        asked: None,
    }
}

/// How long the program takes to say its version.
pub fn start_up() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    crate::median_time(|| timed(monitor(folder.path()).arg("--version")))
}

/// How long `status` takes with 10,000 open rows.
pub fn status(engine: Engine) -> Duration {
    let scene = Scene::new(10_000, engine);
    scene.smartlead.set_down(down(10_000, 100));
    let (run, _) = scene.check(&[("RATE_LIMIT_REQUESTS", "0")]);
    assert_eq!(run.cost.code, 0, "{}", run.cost.said);
    crate::median_time(|| timed(&mut scene.command(&["status"], &[])))
}

fn timed(command: &mut Command) -> Duration {
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let took = began.elapsed();
    assert!(output.status.success(), "{output:?}");
    took
}
