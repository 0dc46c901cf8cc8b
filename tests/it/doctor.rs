//! `monitor doctor` finds what is wrong, says what to do, and leaves nothing behind.

mod database;
mod parts;
mod slack;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::Value;

use crate::support::smartlead::fleet;
use crate::support::{Engine, Ran, World};

/// What one run of it found.
pub struct Found {
    pub code: i32,
    findings: Vec<Value>,
}

impl Found {
    fn read(ran: &Ran) -> Self {
        let findings = serde_json::from_str(&ran.stdout);
        let findings: Vec<Value> = findings.unwrap_or_else(|_| panic!("{ran:?}"));
        for finding in &findings {
            if finding["status"] == "failed" {
                assert!(
                    finding["remedy"].is_string(),
                    "nothing to do about {finding}"
                );
            }
        }
        assert_eq!(ran.stderr, "");
        Self {
            code: ran.code,
            findings,
        }
    }

    /// What was found of this, as `status: detail`, and ` -> remedy` if there is one.
    #[track_caller]
    pub fn of(&self, part: &str, check: &str) -> String {
        let ours = |finding: &&Value| finding["part"] == part && finding["check"] == check;
        let ours: Vec<&Value> = self.findings.iter().filter(ours).collect();
        let [finding] = ours[..] else {
            panic!(
                "{part} {check} is there {} times: {:#?}",
                ours.len(),
                self.findings
            )
        };
        let text = |name: &str| finding[name].as_str().unwrap().to_owned();
        let remedy = finding["remedy"]
            .as_str()
            .map(|remedy| format!(" -> {remedy}"));
        format!(
            "{}: {}{}",
            text("status"),
            text("detail"),
            remedy.unwrap_or_default()
        )
    }

    /// Asserts what was found of this.
    #[track_caller]
    pub fn assert(&self, part: &str, check: &str, words: &[&str]) -> &Self {
        let found = self.of(part, check);
        for word in words {
            assert!(found.contains(word), "{word:?} is not in: {found}");
        }
        self
    }

    /// Asserts that these, as `part check`, are all that came out so.
    #[track_caller]
    pub fn assert_all(&self, status: &str, expected: &[&str]) -> &Self {
        let found = self
            .findings
            .iter()
            .filter(|finding| finding["status"] == status);
        let name = |f: &Value| {
            format!(
                "{} {}",
                f["part"].as_str().unwrap(),
                f["check"].as_str().unwrap()
            )
        };
        let found: Vec<String> = found.map(name).collect();
        assert_eq!(found, expected, "{:#?}", self.findings);
        self
    }
}

/// Runs it in a world with some settings changed.
pub fn doctor(world: &World, settings: &[(&str, &str)]) -> Found {
    Found::read(&world.run_with(&["doctor", "--json"], settings))
}

/// A world in which all is well.
fn healthy() -> World {
    let world = World::any();
    world.smartlead.set_fleet(fleet(30, []));
    world
}

/// Everything that a run could leave behind.
#[derive(Debug, PartialEq)]
struct Traces {
    /// Each file and folder with its time and what is in it.
    files: BTreeMap<PathBuf, (SystemTime, Vec<u8>)>,
    /// The tables, rows and sequences of a server.
    rows: Vec<String>,
}

fn traces(world: &World) -> Traces {
    let mut files = BTreeMap::new();
    let mut folders = vec![world.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let changed = path.metadata().unwrap().modified().unwrap();
            let bytes = match path.is_dir() {
                true => Vec::new(),
                false => std::fs::read(&path).unwrap(),
            };
            if path.is_dir() {
                folders.push(path.clone());
            }
            files.insert(path, (changed, bytes));
        }
    }
    let mut rows = Vec::new();
    if world.database.engine() != Engine::Sqlite {
        rows.extend(world.database.query(
            "select sequencename || ' ' || coalesce(last_value, 0) from pg_sequences order by 1",
        ));
        let tables = world.database.query(
            "select relname::text from pg_class \
              where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
        );
        for table in tables {
            let all = format!("select '{table} ' || xmin || ' ' || t from {table} as t order by 1");
            rows.push(table);
            rows.extend(world.database.query(&all));
        }
    }
    Traces { files, rows }
}
