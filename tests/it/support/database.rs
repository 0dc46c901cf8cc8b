//! A fresh database for each test, on any engine.

use std::path::Path;
use std::sync::Mutex;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection, raw_sql};
use tokio::runtime::Runtime;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    /// Postgres behind a pooler that gives each transaction any connection.
    Pooled,
    Sqlite,
}

pub struct Database {
    engine: Engine,
    url: String,
    direct_url: String,
    session: Session,
    console: Session,
}

/// A connection of the tests' own to a server, made when it is needed and kept, since a login is
/// dear.
#[derive(Default)]
struct Session(Mutex<Option<(Runtime, PgConnection)>>);

impl Session {
    fn rows(&self, options: &PgConnectOptions, sql: &str) -> Vec<PgRow> {
        let mut kept = self.0.lock().unwrap();
        let (runtime, connection) = kept.get_or_insert_with(|| {
            let runtime = runtime();
            let connection = runtime.block_on(PgConnection::connect_with(options));
            (runtime, connection.unwrap())
        });
        let sql = raw_sql(AssertSqlSafe(sql.to_owned()));
        runtime.block_on(sql.fetch_all(connection)).unwrap()
    }
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests with ./scripts/test.sh"))
}

/// The throwaway server's address.
pub fn server() -> String {
    variable("MONITOR_TEST_POSTGRES")
}

/// The address of the pooler before it.
pub fn pooler() -> String {
    variable("MONITOR_TEST_POOLER")
}

/// The file with the authority that the server's certificate is from.
pub fn authority() -> String {
    variable("MONITOR_TEST_POSTGRES_CA")
}

fn at(server: &str, database: &str) -> String {
    format!("{}/{database}", server.rsplit_once('/').unwrap().0)
}

impl Database {
    /// An empty database; `file` is where SQLite's would be.
    pub fn create(engine: Engine, file: &Path) -> Self {
        if engine == Engine::Sqlite {
            let url = format!("sqlite://{}", file.display());
            return Self {
                engine,
                direct_url: url.clone(),
                url,
                session: Session::default(),
                console: Session::default(),
            };
        }
        let name = format!("test_{:016x}", fastrand::u64(..));
        let server = Self {
            engine,
            url: server(),
            direct_url: server(),
            session: Session::default(),
            console: Session::default(),
        };
        server.execute(&format!("create database {name}"));
        let direct_url = at(&server.url, &name);
        let url = match engine {
            Engine::Pooled => at(&pooler(), &name),
            _ => direct_url.clone(),
        };
        Self {
            engine,
            url,
            direct_url,
            session: Session::default(),
            console: Session::default(),
        }
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What the program is given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What tests may connect to: without the pooler, which refuses a client that asks for more
    /// than it knows.
    pub fn direct_url(&self) -> &str {
        &self.direct_url
    }

    /// Runs statements.
    pub fn execute(&self, sql: &str) {
        self.run(sql);
    }

    /// The first column of every row, as text.
    pub fn query(&self, sql: &str) -> Vec<String> {
        self.run(sql)
    }

    /// Waits until the server has done what a program that was killed had sent: it goes on with
    /// that, and a pooler in between passes it on.
    pub fn settle(&self) {
        if self.engine == Engine::Sqlite {
            return;
        }
        let others = "select count(*)::text from pg_stat_activity \
                      where datname = current_database() and pid <> pg_backend_pid()";
        // The pooler keeps the connections that are done, and those alone.
        let begun = std::time::Instant::now();
        while self.pool("clients") > 0 || self.query(others) != [self.pool("servers").to_string()] {
            assert!(begun.elapsed().as_secs() < 60, "a program is still at work");
            std::thread::yield_now();
        }
    }

    /// Does something while another connection is inside a transaction that began with this.
    pub fn while_in<T>(&self, begin: &str, work: impl FnOnce() -> T) -> T {
        let begin = raw_sql(AssertSqlSafe(begin.to_owned()));
        let runtime = runtime();
        match self.engine {
            Engine::Postgres | Engine::Pooled => {
                let other = PgConnection::connect(&self.direct_url);
                let mut other = runtime.block_on(other).unwrap();
                runtime.block_on(begin.execute(&mut other)).unwrap();
                let done = work();
                runtime.block_on(other.close()).unwrap();
                done
            }
            Engine::Sqlite => {
                let other = SqliteConnection::connect(&self.url);
                let mut other = runtime.block_on(other).unwrap();
                runtime.block_on(begin.execute(&mut other)).unwrap();
                let done = work();
                runtime.block_on(other.close()).unwrap();
                done
            }
        }
    }

    /// How many of these the pooler has for this database.
    fn pool(&self, what: &str) -> usize {
        if self.engine != Engine::Pooled {
            return 0;
        }
        let (_, name) = self.url.rsplit_once('/').unwrap();
        let options: PgConnectOptions = at(&pooler(), "pgbouncer").parse().unwrap();
        let options = options.extra_float_digits(None);
        let rows = self.console.rows(&options, &format!("show {what}"));
        let ours = |row: &&PgRow| row.get::<String, _>("database") == name;
        rows.iter().filter(ours).count()
    }

    fn run(&self, sql: &str) -> Vec<String> {
        if self.engine != Engine::Sqlite {
            let options: PgConnectOptions = self.direct_url.parse().unwrap();
            let rows = self.session.rows(&options, sql);
            return rows.iter().map(|row| row.get_unchecked(0)).collect();
        }
        runtime().block_on(async {
            let url = format!("{}?mode=rwc", self.url);
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            let sql = raw_sql(AssertSqlSafe(sql.to_owned()));
            let rows = sql.fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            rows.iter().map(|row| row.get_unchecked(0)).collect()
        })
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
