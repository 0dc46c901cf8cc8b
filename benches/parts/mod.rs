//! The pure parts of a check, on sizes that occur: a page, a fleet, a large outage. What takes
//! their time and what counts their instructions share them.

use std::hint::black_box;

use chrono::{DateTime, Utc};
use monitor::audit;
use monitor::demo::simulator;
use monitor::domain::{
    Account, AlertNews, Comparison, Diff, Disconnection, Fleet, Kind, Names, News, RunId, classify,
};
use monitor::http::Answer;
use monitor::redact::Redactor;
use monitor::slack::message::{Context, news};
use monitor::smartlead::wire;

/// Does a part once.
pub type Work = Box<dyn Fn()>;

/// Makes the input of a part.
type Prepare = fn() -> Work;

/// The parts by name.
pub const PARTS: [(&str, Prepare); 5] = [
    ("decode a page of 100 accounts", decoding),
    ("compare 10,000 accounts with 3,334 open", comparing),
    ("render an alert of 3,334 disconnections", rendering),
    ("build 3,334 lines of CSV", auditing),
    ("classify the 138 texts of public errors", classifying),
];

fn decoding() -> Work {
    let body = page(0);
    let redactor = Redactor::new([]);
    prepare_rules();
    Box::new(move || drop(black_box(wire::page(black_box(&body), &redactor))))
}

fn comparing() -> Work {
    let fleet = fleet();
    let known = known(&fleet);
    Box::new(move || drop(black_box(diff(black_box(&known), &fleet))))
}

fn rendering() -> Work {
    let known = known(&fleet());
    let run_id = RunId::new(now(), 1);
    Box::new(move || {
        let alert = AlertNews {
            disconnections: black_box(&known).iter().collect(),
            ..AlertNews::default()
        };
        let alert = News {
            alert,
            ..News::default()
        };
        let context = Context {
            run_id: &run_id,
            checked_at: now(),
            csv: "disconnections_202611.csv",
            fleet: &Fleet::default(),
            names: &Names::default(),
        };
        drop(black_box(news(&alert, &context)));
    })
}

fn classifying() -> Work {
    let texts: Vec<String> = include_str!("../../tests/data/provider-errors.tsv")
        .lines()
        .filter_map(|line| line.splitn(4, '\t').nth(3))
        .map(str::to_owned)
        .collect();
    prepare_rules();
    Box::new(move || {
        for text in black_box(&texts) {
            let _ = black_box(classify(text, None, None));
        }
    })
}

fn auditing() -> Work {
    let found = diff(&[], &fleet());
    let run_id = RunId::new(now(), 1);
    Box::new(move || {
        for transition in black_box(&found.transitions) {
            drop(black_box(audit::line(transition, &run_id, now())));
        }
    })
}

/// The rules of causes are made ready once, when the first text is read.
fn prepare_rules() {
    let _ = classify("", None, None);
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1_795_269_900)
}

/// 10,000 accounts.
fn fleet() -> Vec<Account> {
    (0..100).flat_map(|number| decode(&page(number))).collect()
}

/// What a listing of this fleet changes.
fn diff(known: &[Disconnection], fleet: &[Account]) -> Diff {
    let mut comparison = Comparison::new(known, now());
    for account in fleet {
        comparison.see(account);
    }
    comparison.complete().diff
}

/// Those of a fleet that are down.
fn known(fleet: &[Account]) -> Vec<Disconnection> {
    diff(&[], fleet).open_after(&[]).cloned().collect()
}

fn decode(body: &[u8]) -> Vec<Account> {
    match wire::page(body, &Redactor::new([])) {
        Answer::Good(accounts) => accounts,
        Answer::Malformed(why) | Answer::RateLimited(why) | Answer::NotTaken(why) => {
            panic!("{why}")
        }
    }
}

/// A page of 100 accounts; every third account is down.
fn page(number: u32) -> Vec<u8> {
    let accounts = number * 100..(number + 1) * 100;
    let down = accounts.clone().filter(|index| index % 3 == 0);
    let down = down.map(|index| (index, Kind::Smtp)).collect();
    simulator::page(accounts, &down).into_bytes()
}
