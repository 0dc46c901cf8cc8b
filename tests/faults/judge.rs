//! The judge of what the checks of a story said and wrote.
//!
//! The measure of every story is the same: each disconnection that is still true is told within one
//! healthy check after the faults have ended; none is told twice without being marked as a possible
//! repeat; nothing is resolved that was not seen connected; and the CSV, the database and Slack
//! agree.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::story::{Health, Step, Story};
use crate::support::Engine;
use crate::support::slack::listing;

/// One cycle of an account, as the database has it.
#[derive(Debug)]
struct Cycle {
    account: i64,
    kind: String,
    is_active: bool,
    is_told: bool,
    resolution: String,
    opened_by: String,
    /// To the minute.
    detected_at: String,
}

impl Story {
    /// Judges what was said and written. The last step has to have been a healthy check.
    #[track_caller]
    pub fn assert_promises(&self) {
        let cycles = self.cycles();
        self.assert_all_is_told(&cycles);
        self.assert_nothing_is_told_twice(&cycles);
        self.assert_nothing_false_is_said(&cycles);
        self.assert_ledgers_agree(&cycles);
    }

    #[track_caller]
    fn assert_all_is_told(&self, cycles: &[Cycle]) {
        for (id, health) in &self.fleet {
            let open = cycles.iter().find(|c| c.account == *id && c.is_active);
            let Some(kind) = health.kind() else {
                assert!(
                    open.is_none() || *health == Health::Silent,
                    "{id} is up and still on record as down"
                );
                continue;
            };
            let open = open.unwrap_or_else(|| panic!("{id} is down and not on record"));
            assert_eq!(open.kind, kind, "{id} is down otherwise");
            let since = self.step_of(&open.opened_by);
            let told = self.tellings(*id).filter(|(step, _)| *step >= since);
            assert!(told.count() > 0, "{id} is down and was never told");
        }
        for cycle in cycles {
            assert!(cycle.is_told, "a healthy check left {cycle:?} untold");
        }
    }

    /// The steps that told an account, and whether they called it a possible repeat.
    fn tellings(&self, id: i64) -> impl Iterator<Item = (usize, bool)> {
        self.steps.iter().enumerate().flat_map(move |(n, step)| {
            let listed = step.posts.iter().flat_map(listing);
            listed
                .filter(move |row| row.account == id)
                .map(move |row| (n, row.is_repeat))
        })
    }

    #[track_caller]
    fn assert_nothing_is_told_twice(&self, cycles: &[Cycle]) {
        for id in cycles.iter().map(|c| c.account).collect::<BTreeSet<_>>() {
            let of_account = cycles.iter().filter(|c| c.account == id);
            let begun: Vec<usize> = of_account.map(|c| self.step_of(&c.opened_by)).collect();
            for (n, from) in begun.iter().enumerate() {
                let to = begun.get(n + 1).copied().unwrap_or(usize::MAX);
                let told: Vec<bool> = self
                    .tellings(id)
                    .filter(|(step, _)| (*from..to).contains(step))
                    .map(|(_, is_repeat)| is_repeat)
                    .collect();
                let unmarked = told.iter().filter(|is_repeat| !**is_repeat).count();
                assert!(unmarked <= 1, "{id} was told {unmarked} times: {told:?}");
            }
        }
    }

    #[track_caller]
    fn assert_nothing_false_is_said(&self, cycles: &[Cycle]) {
        for cycle in cycles {
            let fleet = &self.steps[self.step_of(&cycle.opened_by)].fleet;
            let was_down = fleet.get(&cycle.account).and_then(|health| health.kind());
            assert!(was_down.is_some(), "it was not down: {cycle:?}");
        }
        for (n, step) in self.steps.iter().enumerate() {
            for row in step.posts.iter().flat_map(listing) {
                let health = step.fleet.get(&row.account);
                assert_ne!(health, Some(&Health::Up), "{row:?} was told in step {n}");
                if let Some(kind) = health.and_then(|health| health.kind()) {
                    assert_eq!(row.kind, kind, "{row:?} was told in step {n}");
                }
                let cycle = cycles.iter().rev().find(|cycle| {
                    cycle.account == row.account && self.step_of(&cycle.opened_by) <= n
                });
                let cycle = cycle.unwrap_or_else(|| panic!("{row:?} is not on record"));
                let is_late = self.step_of(&cycle.opened_by) < n;
                let since = Some(cycle.detected_at.clone());
                assert!(
                    row.since == since || row.since.is_none() && !is_late,
                    "{row:?} of {cycle:?} was told in step {n}"
                );
            }
        }
        let mut ends: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for [account, event, _, run] in self.audit() {
            if matches!(event.as_str(), "reconnected" | "removed") {
                ends.entry(account).or_default().push((event, run));
            }
        }
        for (account, ends) in ends {
            let id: i64 = account.parse().unwrap();
            for (event, run) in ends {
                let step = self.step_of(&run);
                let seen = self.steps[step].fleet.get(&id);
                match event.as_str() {
                    "reconnected" => {
                        assert_eq!(seen, Some(&Health::Up), "{id} was not seen connected");
                    }
                    _ => {
                        let before = self.applied_before(&run);
                        let was_gone = before.is_some_and(|step| !step.fleet.contains_key(&id));
                        assert!(
                            seen.is_none() && was_gone,
                            "{id} was not gone from two listings in a row"
                        );
                    }
                }
            }
        }
    }

    #[track_caller]
    fn assert_ledgers_agree(&self, cycles: &[Cycle]) {
        let audit = self.audit();
        let accounts: BTreeSet<String> =
            audit.iter().map(|[account, ..]| account.clone()).collect();
        let of_cycles: BTreeSet<String> = cycles.iter().map(|c| c.account.to_string()).collect();
        assert_eq!(accounts, of_cycles, "CSV and database differ");
        for account in accounts {
            let mut written: Vec<String> = Vec::new();
            let mut last_kind = String::new();
            for [_, event, kind, run] in audit.iter().filter(|[id, ..]| *id == account) {
                match event.as_str() {
                    "disconnected" => written.push(format!("disconnected by {run}")),
                    "changed" => {}
                    end => written.push(end.to_owned()),
                }
                last_kind.clone_from(kind);
            }
            let mut recorded = Vec::new();
            for cycle in cycles.iter().filter(|c| c.account.to_string() == account) {
                recorded.push(format!("disconnected by {}", cycle.opened_by));
                if !cycle.is_active {
                    recorded.push(cycle.resolution.clone());
                }
                if cycle.is_active {
                    assert_eq!(cycle.kind, last_kind, "the CSV's last word on {account}");
                }
            }
            assert_eq!(written, recorded, "CSV and database differ on {account}");
        }
        // What is told was listed, or counted as unannounced.
        let mut unannounced = 0;
        for (n, cycle) in cycles.iter().enumerate() {
            let from = self.step_of(&cycle.opened_by);
            let next = cycles[n + 1..].iter().find(|c| c.account == cycle.account);
            let to = next.map_or(usize::MAX, |c| self.step_of(&c.opened_by));
            let listed = self
                .tellings(cycle.account)
                .any(|(step, _)| (from..to).contains(&step));
            if !listed {
                assert!(!cycle.is_active, "{cycle:?} is told but was not listed");
                unannounced += 1;
            }
        }
        let posts = || self.steps.iter().flat_map(|step| &step.posts);
        let counted: u64 = posts().map(counted).sum();
        let repeats: u64 = posts().map(counted_again).sum();
        assert!(
            (counted - repeats..=counted).contains(&unannounced),
            "{unannounced} were resolved untold, but Slack heard of {counted}, {repeats} of them repeats"
        );
    }

    fn cycles(&self) -> Vec<Cycle> {
        let minute = match self.world.database.engine() {
            Engine::Sqlite => "replace(substr(detected_at, 1, 16), 'T', ' ')",
            _ => "to_char(detected_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')",
        };
        let rows = self.world.database.query(&format!(
            "select account_id || ' ' || disconnection_type || ' ' \
                 || case when is_active then 'open' else 'closed' end || ' ' \
                 || case when announced_at is null then 'untold' else 'told' end || ' ' \
                 || coalesce(resolution, '-') || ' ' || check_run_id || ' ' || {minute} \
             from disconnected_accounts order by id"
        ));
        let cycle = |row: &String| {
            let parts: Vec<&str> = row.splitn(7, ' ').collect();
            Cycle {
                account: parts[0].parse().unwrap(),
                kind: parts[1].to_owned(),
                is_active: parts[2] == "open",
                is_told: parts[3] == "told",
                resolution: parts[4].to_owned(),
                opened_by: parts[5].to_owned(),
                detected_at: parts[6].to_owned(),
            }
        };
        rows.iter().map(cycle).collect()
    }

    /// The step in which a run was.
    fn step_of(&self, run: &str) -> usize {
        self.steps
            .iter()
            .position(|step| step.runs.iter().any(|known| known.id == run))
            .unwrap_or_else(|| panic!("run {run} is not on record"))
    }

    /// The step whose listing was the last that was applied before that of a run.
    fn applied_before(&self, run: &str) -> Option<&Step> {
        let runs = self.steps.iter().flat_map(|step| {
            let applied = step.runs.iter().filter(|run| run.is_applied);
            applied.map(move |run| (step, run))
        });
        let before = runs.take_while(|(_, known)| known.id != run);
        before.last().map(|(step, _)| step)
    }

    /// The rows of the audit trail as account, event, kind and run, torn ones apart.
    fn audit(&self) -> Vec<[String; 4]> {
        let folder = self.world.path("audit_logs");
        let mut files: Vec<_> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => Vec::new(),
        };
        files.sort();
        let mut rows = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            // Another program's.
            if !text.starts_with("timestamp") {
                continue;
            }
            let lines: Vec<&str> = text.lines().collect();
            // A line that a crash tore is closed, and written again in full.
            let is_torn = |line: &&str| {
                let beginning = line.trim_end_matches('"');
                lines
                    .iter()
                    .any(|other| other != line && other.starts_with(beginning))
            };
            let whole: Vec<&str> = lines
                .iter()
                .filter(|line| !is_torn(line))
                .copied()
                .collect();
            let mut reader = csv::Reader::from_reader(std::io::Cursor::new(whole.join("\r\n")));
            for record in reader.records() {
                let record = record.unwrap_or_else(|error| panic!("{error} in\n{text}"));
                rows.push([2, 10, 6, 1].map(|cell| record[cell].to_owned()));
            }
        }
        // In the order of the runs: with a clock that jumps, that is not the order of the files.
        rows.sort_by_key(|[_, _, _, run]| self.step_of(run));
        rows
    }
}

/// How many disconnections a message says were resolved untold.
fn counted(message: &Value) -> u64 {
    numbers_after(message, " unseen: ").sum()
}

/// How many of them it calls possible repeats.
fn counted_again(message: &Value) -> u64 {
    let text = message["text"].as_str().unwrap();
    let Some((before, _)) = text.split_once(" of them a possible repeat)") else {
        return 0;
    };
    let (_, number) = before.rsplit_once('(').unwrap();
    number.parse().unwrap()
}

fn numbers_after(message: &Value, words: &'static str) -> impl Iterator<Item = u64> {
    let text = message["text"].as_str().unwrap();
    let parts = text.split(words).skip(1);
    parts.map(|part| part.split(' ').next().unwrap().parse().unwrap())
}
