//! How well paging uses a rate limit, and how well it bears one that it was not told of.

use std::time::{Duration, Instant};

use monitor::demo::simulator::{Limit, Window};

use crate::scene::Scene;
use crate::support::Engine;
use crate::targets::Targets;

const ACCOUNTS: u32 = 10_000;

/// How long Smartlead takes for a page, so that several are in flight when it refuses one.
const LATENCY: Duration = Duration::from_millis(300);

/// The program's own limit, as it comes: 10 requests in 2 s.
const REQUESTS: usize = 10;
const PERIOD: Duration = Duration::from_secs(2);

/// How much longer than the limit asks for paging may take.
const OVER_THE_BOUND: f64 = 1.05;

/// How many of its requests a run may spend on learning a limit.
const REFUSED: f64 = 0.03;

/// A limit of 60 a minute, in the forms that a server may have it.
const SERVERS: [(&str, Window, bool); 3] = [
    ("fixed window, told in headers", Window::Fixed, true),
    ("fixed window, not told", Window::Fixed, false),
    ("sliding window, not told", Window::Sliding, false),
];

pub fn measure(targets: &mut Targets) {
    let scene = Scene::new(ACCOUNTS, Engine::Sqlite);
    scene.smartlead.set_latency(LATENCY);
    let (run, traffic) = scene.check(&[]);
    let arrivals = &traffic.arrivals;
    let paging = *arrivals.last().unwrap() - arrivals[0];
    let rate = REQUESTS as f64 / PERIOD.as_secs_f64();
    // A page for each hundred, the empty one behind them, and the one that proves it.
    let needed = ACCOUNTS / 100 + 2;
    let bound = f64::from(needed) / rate;
    let what = format!(
        "10 in 2 s, latency 300 ms: {} requests in {:.2} s (wall {:.2} s) of {:.2}, the bound of {bound:.2} s and 5 %",
        arrivals.len(),
        paging.as_secs_f64(),
        run.cost.wall.as_secs_f64(),
        bound * OVER_THE_BOUND
    );
    let wall = run.cost.wall.as_secs_f64();
    targets.add(&what, run.cost.code == 0 && wall <= bound * OVER_THE_BOUND);
    let most = busiest(arrivals);
    let what = format!("10 in 2 s: {most} arrived in the busiest 2 s");
    targets.add(&what, most <= REQUESTS);

    for (name, window, is_told) in SERVERS {
        let scene = Scene::new(ACCOUNTS, Engine::Sqlite);
        scene.smartlead.set_latency(LATENCY);
        scene.smartlead.set_limit(Some(Limit {
            requests: 60,
            period: Duration::from_secs(60),
            window,
            is_told,
        }));
        let (run, traffic) = scene.check(&[]);
        let requests = traffic.arrivals.len();
        let share = traffic.refused as f64 / requests as f64;
        let what = format!(
            "60 in 60 s, {name}: exit code {}, wall {:.1} s, {} of {requests} requests refused, {:.1} % of {:.0}",
            run.cost.code,
            run.cost.wall.as_secs_f64(),
            traffic.refused,
            share * 100.0,
            REFUSED * 100.0
        );
        targets.add(&what, run.cost.code == 0 && share <= REFUSED);
    }
}

/// The largest number of arrivals in any window of the limit's length.
fn busiest(arrivals: &[Instant]) -> usize {
    let within = |(first, at): (usize, &Instant)| {
        let later = arrivals[first..].iter();
        later.take_while(|later| **later - *at < PERIOD).count()
    };
    arrivals
        .iter()
        .enumerate()
        .map(within)
        .max()
        .unwrap_or_default()
}
