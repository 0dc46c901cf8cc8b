//! Faults of the files, the clock and whatever starts the program.

use std::time::Duration;

use super::{ALL, BOTH, FOR_EVER, Row, assert_no_lease, effects, row};
use crate::story::Story;
use crate::support::World;
use crate::support::shim::Fault;

/// A check that is told to end, or killed, once something is under way.
fn stopped(
    fault: &'static str,
    moment: &'static str,
    name: &'static str,
    prepare: impl Fn(&World) + Send + Sync + 'static,
    is_time: impl Fn(&World) -> bool + Send + Sync + 'static,
) -> Row {
    row(fault, moment, ALL, move |story| {
        prepare(&story.world);
        story.play(|world| {
            world.smartlead.asked();
            let code = world.signal_when(name, || is_time(world));
            assert!(name == "KILL" || matches!(code, Some(1 | 3)), "{code:?}");
            world.smartlead.set_latency(Duration::ZERO);
            world.slack.set_latency(Duration::ZERO);
        });
        if name != "KILL" {
            assert_no_lease(story);
            let error = story.world.state()["error"].to_string();
            assert!(error.contains("stopped before the end"), "{error}");
        }
    })
}

fn killed(moment: &'static str, fault: fn(u64) -> Fault, part: f64) -> Row {
    let name = match fault(1) {
        Fault::Torn(_) => "the program dies in the middle of a write",
        _ => "the program dies",
    };
    row(name, moment, ALL, move |story| {
        let number = 1 + (effects(story.world.database.engine()) as f64 * part) as u64;
        story.check_with_fault(&[], fault(number)).assert_killed();
    })
}

pub fn files() -> Vec<Row> {
    fn month(world: &World) -> std::path::PathBuf {
        let name = chrono::Utc::now().format("disconnections_%Y%m.csv");
        world.path("audit_logs").join(name.to_string())
    }
    let settings = |name: &'static str, value: &'static str, code: i32| {
        move |story: &mut Story| {
            std::fs::write(story.world.path("taken"), "").unwrap();
            story.check(&[(name, value)]).assert(code);
        }
    };
    vec![
        row(
            "the CSV folder cannot be made",
            "at the start",
            BOTH,
            settings("CSV_DIR", "taken/csv", 1),
        ),
        row(
            "the state file cannot be written",
            "at the end",
            BOTH,
            settings("STATE_FILE", "taken/state.json", 0),
        ),
        row(
            "the log file cannot be opened",
            "at the start",
            BOTH,
            settings("LOG_FILE", "taken/log", 0),
        ),
        row("the CSV's disk is full", "appending", BOTH, |story| {
            let (file, aside) = (month(&story.world), story.world.path("aside.csv"));
            std::fs::rename(&file, &aside).unwrap();
            std::os::unix::fs::symlink("/dev/full", &file).unwrap();
            story.check(&[]).assert_error(1, &["No space left"]);
            std::fs::remove_file(&file).unwrap();
            std::fs::rename(&aside, &file).unwrap();
        }),
        row("the CSV is torn", "between two checks", BOTH, |story| {
            story.world.slack.refuse("is_archived");
            story.check(&[]).assert(3);
            // As after a crash in the middle of the last row, before the run was closed.
            let file = month(&story.world);
            let text = std::fs::read_to_string(&file).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let last = lines.last().unwrap();
            story.world.database.execute(&format!(
                "insert into audit_outbox (month, line) values ('{}', '{last}')",
                chrono::Utc::now().format("%Y%m")
            ));
            let torn = &text.as_bytes()[..text.len() - last.len() / 2];
            std::fs::write(&file, torn).unwrap();
        }),
        row(
            "the CSV was made by another program",
            "between two checks",
            BOTH,
            |story| {
                let file = month(&story.world);
                let text = std::fs::read_to_string(&file).unwrap();
                std::fs::write(
                    story.world.path("audit_logs/disconnections_200001.csv"),
                    text,
                )
                .unwrap();
                std::fs::write(&file, "a,b,c\r\n1,2,3\r\n").unwrap();
                story.check(&[]).assert(0);
                assert_eq!(
                    std::fs::read_to_string(&file).unwrap(),
                    "a,b,c\r\n1,2,3\r\n"
                );
            },
        ),
    ]
}

pub fn processes() -> Vec<Row> {
    let mut rows = vec![
        row("the deadline passes", "while listing", BOTH, |story| {
            story.world.smartlead.set_latency(FOR_EVER);
            story.check(&[("RUN_TIMEOUT_SECS", "1")]).assert(1);
            assert_no_lease(story);
            story.world.smartlead.set_latency(Duration::ZERO);
        }),
        row("the deadline passes", "while telling", BOTH, |story| {
            story.world.slack.set_lost(|_, _| None);
            story.world.slack.set_latency(FOR_EVER);
            story
                .check(&[("RUN_TIMEOUT_SECS", "15")])
                .assert_error(3, &["before the deadline", "may be in the channel"]);
            assert_no_lease(story);
            story.world.slack.set_latency(Duration::ZERO);
        }),
    ];
    for name in ["INT", "TERM", "HUP", "KILL"] {
        let fault = if name == "KILL" {
            "the program is killed"
        } else {
            "the program is told to end"
        };
        rows.push(stopped(
            fault,
            moment(name, "while listing"),
            name,
            |world| world.smartlead.set_latency(FOR_EVER),
            |world| !world.smartlead.asked().is_empty(),
        ));
        rows.push(stopped(
            fault,
            moment(name, "while telling"),
            name,
            |world| {
                world.slack.set_lost(|_, _| None);
                world.slack.set_latency(FOR_EVER);
            },
            |world| world.slack.seen() > 0,
        ));
        rows.push(stopped(
            fault,
            moment(name, "while Slack refuses"),
            name,
            |world| {
                world.slack.refuse("is_archived");
                world.slack.set_latency(FOR_EVER);
            },
            |world| world.slack.seen() > 0,
        ));
    }
    for (moment, part) in [
        ("at the first effect", 0.0),
        ("early", 0.2),
        ("in the middle", 0.5),
        ("late", 0.75),
        ("at the last effects", 0.95),
    ] {
        rows.push(killed(moment, Fault::KillBefore, part));
        rows.push(killed(moment, Fault::Torn, part));
    }
    for (moment, seconds) in [
        ("an hour back", -3_600),
        ("an hour ahead", 3_600),
        ("a day back", -86_400),
        ("a year ahead", 31_536_000),
    ] {
        rows.push(row("the clock jumps", moment, ALL, move |story| {
            story.check_at(seconds, &[]).assert(0);
        }));
    }
    rows
}

fn moment(signal: &str, when: &str) -> &'static str {
    format!("SIG{signal} {when}").leak()
}
