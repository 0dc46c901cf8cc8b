//! The promises about incidents and their threads: whatever goes wrong when one begins, grows or
//! ends, it is told once, or again as a possible repeat, and everything that is part of it counts as
//! told in the end.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axum::response::Response;
use serde_json::{Value, json};

use crate::story::expire_lease;
use crate::support::shim::Fault;
use crate::support::slack::{error_code, title};
use crate::support::smartlead::{fleet, imap_down, json_response, raw_response, smtp_down, with};
use crate::support::{Engine, Ran, World};

const SETTINGS: [(&str, &str); 2] = [("INCIDENT_MIN", "5"), ("MAX_ATTEMPTS", "1")];

/// What happens to an incident in the check that meets a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begins,
    Grows,
    Doubles,
    Ends,
}

const PHASES: [Phase; 4] = [Phase::Begins, Phase::Grows, Phase::Doubles, Phase::Ends];

impl Phase {
    /// The accounts that are down for the cause that all share.
    fn down(self) -> std::ops::Range<i64> {
        match self {
            Self::Begins => 1..11,
            Self::Grows => 1..16,
            Self::Doubles => 1..21,
            Self::Ends => 1..1,
        }
    }

    /// What the title of the message about it has, and no other.
    fn words(self) -> &'static str {
        match self {
            Self::Begins => "Incident 1: 10 accounts down",
            Self::Grows => "Incident 1: 5 more accounts",
            Self::Doubles => "Incident 1 has doubled",
            Self::Ends => "Incident 1 is over after",
        }
    }
}

/// A world with an incident, and everything that Slack took.
struct Outage {
    world: World,
    posts: Vec<Value>,
}

impl Outage {
    /// An incident right before something happens to it.
    fn before(world: World, phase: Phase) -> Self {
        let mut outage = Self {
            world,
            posts: Vec::new(),
        };
        outage.set(1..1, []);
        outage.healthy();
        if phase != Phase::Begins {
            outage.set(Phase::Begins.down(), []);
            outage.healthy();
        }
        // Somebody else goes down and is told beside it.
        outage.set(phase.down(), [imap_down(40)]);
        outage
    }

    fn set(&self, down: std::ops::Range<i64>, others: impl IntoIterator<Item = Value>) {
        let text = json!({"smtp_failure_error": "454 4.7.0 Too many login attempts"});
        let down = down.map(|id| with(smtp_down(id), text.clone()));
        self.world
            .smartlead
            .set_fleet(fleet(60, down.chain(others)));
    }

    fn check(&mut self) -> Ran {
        let ran = self.world.run_with(&[], &SETTINGS);
        self.listen();
        ran
    }

    fn listen(&mut self) {
        self.world.settle();
        self.posts.extend(self.world.slack.posts());
    }

    #[track_caller]
    fn healthy(&mut self) {
        self.world.slack.heal();
        self.check().assert(0);
    }

    /// A healthy check puts everything right, and another one has nothing to say.
    #[track_caller]
    fn assert_promises(&mut self, phase: Phase) {
        self.healthy();
        let said = self.posts.len();
        self.healthy();
        assert_eq!(self.posts.len(), said, "a second healthy check spoke");
        let about = |words: &str| {
            let posts = self.posts.iter();
            posts
                .filter(|post| title(post).contains(words))
                .collect::<Vec<_>>()
        };
        let told = about(phase.words());
        let titles: Vec<&str> = self.posts.iter().map(title).collect();
        assert!(!told.is_empty(), "{phase:?} was never told: {titles:?}");
        let is_marked = |post: &&&Value| post.to_string().contains("ossible repeat");
        let unmarked = told.iter().filter(|post| !is_marked(post)).count();
        assert!(
            unmarked <= 1,
            "{phase:?} was told {unmarked} times: {titles:?}"
        );
        // Everything on record is told, by a message that is there.
        let rows = self.world.database.query(
            "select account_id || ' ' || told_as || ' ' || coalesce(slack_ts, 'untold') \
               from disconnected_accounts where announced_at is null or slack_ts is null \
                or told_as <> case when account_id = 40 then 'alert' else 'incident' end",
        );
        assert_eq!(rows, Vec::<String>::new());
        let marks = "select distinct slack_ts from disconnected_accounts";
        for ts in self.world.database.query(marks) {
            let is_there = self.posts.iter().any(|post| post["ts"] == ts);
            assert!(is_there, "{ts} is nowhere");
        }
        let state = self.world.database.query(
            "select case when closed_at is null then 'open' else 'over' end || ' ' \
                || case when close_told_at is null then 'untold' else 'told' end || ' ' \
                || headline_accounts from incidents",
        );
        let expected = match phase {
            Phase::Begins | Phase::Grows => "open untold 10",
            Phase::Doubles => "open untold 20",
            Phase::Ends => "over told 10",
        };
        assert_eq!(state, [expected]);
        // The other one is told by a message of its own.
        let others = about("1 New Account Disconnection(s) Detected");
        let unmarked = others.iter().filter(|post| !is_marked(post)).count();
        assert!(!others.is_empty() && unmarked <= 1, "{titles:?}");
    }
}

/// Runs the check that meets the phase into a fault at its first effect, one some effects later, and
/// so on until one comes to its end.
fn sweep(engine: Engine, phase: Phase, step: usize, fault: fn(u64) -> Fault) {
    let model = World::new(engine);
    for number in (1..).step_by(step) {
        let mut outage = Outage::before(model.anew(), phase);
        let mut command = outage
            .world
            .command_with_fault(&[], &SETTINGS, fault(number));
        let ran: Ran = command.output().unwrap().into();
        outage.listen();
        let is_over = ran.signal.is_none();
        assert!(!is_over || ran.code == 0, "{ran:?}");
        expire_lease(&outage.world);
        let judged = std::panic::catch_unwind(AssertUnwindSafe(|| outage.assert_promises(phase)));
        assert!(judged.is_ok(), "{engine:?}, {phase:?}: effect {number}");
        if is_over {
            println!(
                "{engine:?}, an incident {phase:?}: some {} effects",
                number - 1
            );
            assert!(number > 30, "{ran:?}");
            break;
        }
    }
}

fn sweeps(engine: Engine, step: usize, fault: fn(u64) -> Fault) {
    for phase in PHASES {
        sweep(engine, phase, step, fault);
    }
}

#[test]
fn an_incident_killed_before_each_effect_on_postgres() {
    sweeps(Engine::Postgres, 1, Fault::KillBefore);
}

#[test]
fn an_incident_killed_before_many_effects_on_sqlite() {
    // Most of its effects are writes inside of a transaction.
    sweeps(Engine::Sqlite, 4, Fault::KillBefore);
}

#[test]
fn an_incident_killed_right_after_each_effect_behind_a_pooler() {
    sweeps(Engine::Pooled, 1, Fault::KillAfter);
}

/// What Slack does to the message that is this one in number, by name.
type Answer = (&'static str, bool, fn() -> Response);

/// Whether Slack has the message all the same, and what it answers.
const ANSWERS: [Answer; 6] = [
    ("refuses", false, || error_code("is_archived")),
    ("limits the rate", false, || {
        let headers = [("retry-after", "9999")];
        axum::response::IntoResponse::into_response((
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            headers,
            "",
        ))
    }),
    ("fails", false, || error_code("fatal_error")),
    ("loses its answer", true, || error_code("internal_error")),
    ("is not understood", true, || {
        raw_response(200, "text/html", "<html>")
    }),
    ("answers 503", true, || json_response(503, &json!({}))),
];

/// Each message of a check meets each answer, and after that Slack is away for another check.
#[test]
fn slack_fails_at_each_message_about_an_incident() {
    let rows: Vec<(Engine, Phase, usize, Answer)> = [Engine::Postgres, Engine::Sqlite]
        .into_iter()
        .flat_map(|engine| PHASES.map(|phase| (engine, phase)))
        .flat_map(|(engine, phase)| (0..3).map(move |number| (engine, phase, number)))
        .flat_map(|(engine, phase, number)| ANSWERS.map(|answer| (engine, phase, number, answer)))
        .collect();
    let next = AtomicUsize::new(0);
    let met = AtomicU64::new(0);
    let broken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((engine, phase, number, (name, takes, answer))) =
                    rows.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let played = std::panic::catch_unwind(|| {
                        let mut outage = Outage::before(World::new(*engine), *phase);
                        let answer = *answer;
                        let fault = {
                            let number = *number;
                            move |n: usize, _: &Value| (n >= number).then(answer)
                        };
                        match takes {
                            true => outage.world.slack.set_lost(fault),
                            false => outage.world.slack.set_fault(fault),
                        }
                        let first = outage.check().code;
                        let second = outage.check().code;
                        // Some checks have fewer messages than that.
                        assert!(matches!((first, second), (3, 3) | (3, 0) | (0, 0)), "{first} {second}");
                        met.fetch_add(u64::from(first == 3), Ordering::Relaxed);
                        outage.assert_promises(*phase);
                    });
                    if played.is_err() {
                        broken.lock().unwrap().push(format!(
                            "{engine:?}: Slack {name} at message {number} of an incident that {phase:?}"
                        ));
                    }
                }
            });
        }
    });
    let met = met.into_inner();
    println!(
        "{} rows of incidents, {met} of which met the fault",
        rows.len()
    );
    assert!(met > 60, "{met}");
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{broken:#?}");
}
