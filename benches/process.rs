//! The whole program on 10,000 accounts: CPU time, peak memory, and how well paging uses the rate
//! limit. Needs `/usr/bin/time` (Debian: package time) and the server of `scripts/test.sh`:
//! `MONITOR_TEST_POSTGRES=postgres://… cargo bench --bench process`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at anything unexpected"
)]

#[allow(
    unused,
    reason = "the support of the tests; a benchmark needs a part of it"
)]
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use support::smartlead::{fleet, healthy, smtp_down};
use support::{Engine, World};

/// Runs one check under `time`; gives wall, CPU, and peak memory in MB.
fn measure(world: &World, settings: &[(&str, &str)]) -> (Duration, Duration, f64) {
    let program = world.command(&[], settings);
    let mut command = Command::new("/usr/bin/time");
    command
        .args(["-f", "time %U %S %M"])
        .arg(program.get_program())
        .current_dir(world.folder())
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let began = Instant::now();
    let output = command.output().expect("/usr/bin/time is missing");
    let wall = began.elapsed();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    let line = stderr
        .lines()
        .find_map(|line| line.strip_prefix("time "))
        .unwrap();
    let figures: Vec<f64> = line
        .split(' ')
        .map(|figure| figure.parse().unwrap())
        .collect();
    (
        wall,
        Duration::from_secs_f64(figures[0] + figures[1]),
        figures[2] / 1024.0,
    )
}

fn main() {
    let report = |what: &str, (wall, cpu, memory): (Duration, Duration, f64)| {
        println!("{what}: wall {wall:.2?}, CPU {cpu:.2?}, peak {memory:.1} MB");
    };
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let world = World::new(engine);
        world.smartlead.set_fleet(fleet(10_000, []));
        report(
            &format!("{engine:?}, 10,000 accounts, nothing down"),
            measure(&world, &[]),
        );
        world
            .smartlead
            .set_fleet(fleet(10_000, (1..=100).map(smtp_down)));
        report(
            &format!("{engine:?}, 10,000 accounts, 100 new"),
            measure(&world, &[]),
        );
        let down = (1..=10_000).map(|id| {
            if id <= 3_100 {
                smtp_down(id)
            } else {
                healthy(id)
            }
        });
        world.smartlead.set_fleet(down);
        report(
            &format!("{engine:?}, 10,000 accounts, 3,000 new"),
            measure(&world, &[]),
        );
    }
    let world = World::any();
    world.smartlead.set_fleet(fleet(10_000, []));
    world.smartlead.set_latency(Duration::from_millis(300));
    let settings = [
        ("RATE_LIMIT_REQUESTS", "10"),
        ("RATE_LIMIT_PERIOD_SECS", "2"),
    ];
    let paced = measure(&world, &settings);
    let bound = 10_000.0 / 100.0 / 5.0;
    let over = (paced.0.as_secs_f64() / bound - 1.0) * 100.0;
    report("10,000 accounts, 10 requests in 2 s, latency 300 ms", paced);
    println!("the bound of the limit is {bound:.1} s; {over:.1} % over");
}
