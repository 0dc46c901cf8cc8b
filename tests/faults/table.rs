//! Fault × moment × engine. Every row begins with the same story, has its fault, and ends with the
//! measure of `story`: one healthy check puts everything right, and another one finds nothing.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};

use crate::story::{Health, Story};
use crate::support::Engine;

mod database;
mod slack;
mod source;
mod surroundings;

/// A row of the table.
struct Row {
    fault: &'static str,
    moment: &'static str,
    engines: &'static [Engine],
    /// Runs the check or checks that meet the fault, and ends it.
    run: Box<dyn Fn(&mut Story) + Send + Sync>,
}

const ALL: &[Engine] = &[Engine::Postgres, Engine::Pooled, Engine::Sqlite];
/// Where the fault has nothing to do with the pooler.
const BOTH: &[Engine] = &[Engine::Postgres, Engine::Sqlite];
const SERVERS: &[Engine] = &[Engine::Postgres, Engine::Pooled];
const POSTGRES: &[Engine] = &[Engine::Postgres];
const SQLITE: &[Engine] = &[Engine::Sqlite];

const FOR_EVER: Duration = Duration::from_secs(600);

fn row(
    fault: &'static str,
    moment: &'static str,
    engines: &'static [Engine],
    run: impl Fn(&mut Story) + Send + Sync + 'static,
) -> Row {
    Row {
        fault,
        moment,
        engines,
        run: Box::new(run),
    }
}

/// The time limit of a request, in seconds: short where a hang is the fault, and otherwise so long
/// that a machine under load is not taken for one.
fn limit(words: &str) -> &'static str {
    if words.contains("within") { "5" } else { "60" }
}

/// The check gave its lease back.
fn assert_no_lease(story: &Story) {
    let leases = "select holder from run_lease";
    assert_eq!(story.world.database.query(leases), Vec::<String>::new());
}

/// An answer that breaks off with the connection.
fn broken_off() -> Response {
    let broken = std::io::Error::other("the server went away");
    Response::new(Body::from_stream(futures_util::stream::iter([
        Ok("[{"),
        Err(broken),
    ])))
}

/// A refusal for the rate.
fn too_many_requests(retry_after: &'static str) -> Response {
    let status = axum::http::StatusCode::TOO_MANY_REQUESTS;
    (status, [("retry-after", retry_after)], "").into_response()
}

/// The effects of the check of a story that has begun.
fn effects(engine: Engine) -> u64 {
    static COUNTED: [OnceLock<u64>; 3] = [const { OnceLock::new() }; 3];
    *COUNTED[engine as usize].get_or_init(|| {
        let story = Story::begun(engine);
        story.world.smartlead.set_fleet(story.accounts());
        story.world.effects(&[], &[])
    })
}

fn rows() -> Vec<Row> {
    let mut rows = source::rows();
    rows.extend(slack::rows());
    rows.extend(database::rows());
    rows.extend(surroundings::files());
    rows.extend(surroundings::processes());
    rows
}

/// The whole of a row: the story, its fault, and what has to be true in the end.
fn play(row: &Row, engine: Engine) {
    let mut story = Story::begun(engine);
    (row.run)(&mut story);
    story.wait_an_hour();
    story.set([(1, Health::Smtp), (5, Health::Up), (9, Health::Imap)]);
    story.healthy();
    story.assert_promises();
    story.healthy();
    assert_eq!(
        story.titles(),
        Vec::<&str>::new(),
        "a second healthy check had something to say"
    );
    story.assert_promises();
}

fn the_table_on(engine: Engine) {
    let rows: Vec<Row> = rows()
        .into_iter()
        .filter(|row| row.engines.contains(&engine))
        .collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![None; rows.len()]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(row) = rows.get(number) else { break };
                    let played = std::panic::catch_unwind(AssertUnwindSafe(|| play(row, engine)));
                    results.lock().unwrap()[number] = Some(played.is_ok());
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    println!("{} rows on {engine:?}", rows.len());
    for (row, result) in rows.iter().zip(&results) {
        let result = if *result == Some(true) {
            "holds"
        } else {
            "BROKEN"
        };
        println!("{engine:8?} {result:6} {:42} {}", row.fault, row.moment);
    }
    let broken = results
        .iter()
        .filter(|result| **result != Some(true))
        .count();
    assert_eq!(
        broken, 0,
        "{broken} rows are broken on {engine:?}; each said why above"
    );
}

#[test]
fn the_promises_hold_on_postgres() {
    the_table_on(Engine::Postgres);
}

#[test]
fn the_promises_hold_behind_a_pooler() {
    the_table_on(Engine::Pooled);
}

#[test]
fn the_promises_hold_on_sqlite() {
    the_table_on(Engine::Sqlite);
}

#[test]
fn the_table_has_the_rows_that_it_should() {
    let rows = rows();
    let mut names: Vec<_> = rows.iter().map(|row| (row.fault, row.moment)).collect();
    let cases: usize = rows.iter().map(|row| row.engines.len()).sum();
    println!("{} rows, {cases} cases", rows.len());
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "two rows have one name");
    assert!(names.len() >= 60);
}
