//! A fresh database for each test, on either engine.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection, raw_sql};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Sqlite,
}

pub struct Database {
    engine: Engine,
    url: String,
}

/// The throwaway server's address.
pub fn server() -> String {
    std::env::var("MONITOR_TEST_POSTGRES")
        .expect("MONITOR_TEST_POSTGRES is not set: run the tests with ./scripts/test.sh")
}

impl Database {
    /// An empty database; `file` is where SQLite's would be.
    pub fn create(engine: Engine, file: &Path) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = match engine {
            Engine::Sqlite => format!("sqlite://{}", file.display()),
            Engine::Postgres => {
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let name = format!("test_{}_{number}", std::process::id());
                let server = Self {
                    engine,
                    url: server(),
                };
                server.execute(&format!("create database {name}"));
                format!("{}/{name}", server.url.rsplit_once('/').unwrap().0)
            }
        };
        Self { engine, url }
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements.
    pub fn execute(&self, sql: &str) {
        self.run(sql);
    }

    /// The first column of every row, as text.
    pub fn query(&self, sql: &str) -> Vec<String> {
        self.run(sql)
    }

    fn run(&self, sql: &str) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let sql = raw_sql(AssertSqlSafe(sql.to_owned()));
            match self.engine {
                Engine::Postgres => {
                    let mut connection = PgConnection::connect(&self.url).await.unwrap();
                    let rows = sql.fetch_all(&mut connection).await.unwrap();
                    connection.close().await.unwrap();
                    rows.iter().map(|row| row.get_unchecked(0)).collect()
                }
                Engine::Sqlite => {
                    let url = format!("{}?mode=rwc", self.url);
                    let mut connection = SqliteConnection::connect(&url).await.unwrap();
                    let rows = sql.fetch_all(&mut connection).await.unwrap();
                    connection.close().await.unwrap();
                    rows.iter().map(|row| row.get_unchecked(0)).collect()
                }
            }
        })
    }
}
