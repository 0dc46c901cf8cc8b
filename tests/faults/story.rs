//! A fleet over time, and the checks that watch it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::shim::{Fault, shift_clock};
use crate::support::slack::{Listed, listing};
use crate::support::smartlead::{down_somehow, healthy, imap_down, smtp_down, with};
use crate::support::{Engine, Ran, World, send_signal};

/// How an account is at the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Up,
    Smtp,
    Imap,
    Both,
    /// The source says nothing of its links.
    Silent,
}

impl Health {
    fn account(self, id: i64) -> Value {
        match self {
            Self::Up => healthy(id),
            Self::Smtp => smtp_down(id),
            Self::Imap => imap_down(id),
            // Of several causes, so that many of them are no incident.
            Self::Both => down_somehow(id),
            Self::Silent => with(
                healthy(id),
                json!({"is_smtp_success": null, "is_imap_success": null}),
            ),
        }
    }

    pub fn kind(self) -> Option<&'static str> {
        match self {
            Self::Up | Self::Silent => None,
            Self::Smtp => Some("SMTP"),
            Self::Imap => Some("IMAP"),
            Self::Both => Some("BOTH"),
        }
    }
}

/// What was true and what was said while one command ran, or several at once.
pub struct Step {
    pub fleet: BTreeMap<i64, Health>,
    pub posts: Vec<Value>,
    pub runs: Vec<Run>,
}

/// A run that is on record.
pub struct Run {
    pub id: String,
    pub is_applied: bool,
}

pub struct Story {
    pub world: World,
    pub fleet: BTreeMap<i64, Health>,
    pub steps: Vec<Step>,
}

/// Accounts in a story's fleet at its beginning.
pub const FLEET: i64 = 30;

impl Story {
    /// A fleet in which everything is up, and a program that has never run.
    pub fn new(world: World) -> Self {
        Self {
            world,
            fleet: (1..=FLEET).map(|id| (id, Health::Up)).collect(),
            steps: Vec::new(),
        }
    }

    /// A fleet that was checked once, with some accounts down, and that has changed since in every
    /// way there is: 1 is up again, 2 still down, 3 down in another way, 4 and 5 newly down, and
    /// of 6 nothing is known.
    pub fn begun(engine: Engine) -> Self {
        let mut story = Self::new(World::new(engine));
        story.set([
            (1, Health::Smtp),
            (2, Health::Both),
            (3, Health::Smtp),
            (6, Health::Imap),
        ]);
        story.healthy();
        story.set([
            (1, Health::Up),
            (3, Health::Imap),
            (4, Health::Smtp),
            (5, Health::Both),
            (6, Health::Silent),
        ]);
        story
    }

    pub fn set(&mut self, changes: impl IntoIterator<Item = (i64, Health)>) {
        self.fleet.extend(changes);
    }

    /// The fleet as the source lists it.
    pub fn accounts(&self) -> Vec<Value> {
        let accounts = self.fleet.iter();
        accounts.map(|(id, health)| health.account(*id)).collect()
    }

    /// Runs a check with these settings changed.
    pub fn check(&mut self, settings: &[(&str, &str)]) -> Ran {
        self.play(|world| {
            let mut command = world.command(&[], settings);
            command.output().unwrap().into()
        })
    }

    /// Runs a check whose clock is so many seconds off.
    pub fn check_at(&mut self, seconds: i64, settings: &[(&str, &str)]) -> Ran {
        self.play(|world| {
            let mut command = world.command(&[], settings);
            shift_clock(&mut command, seconds);
            command.output().unwrap().into()
        })
    }

    /// Sets two checks off together.
    pub fn two_at_once(&mut self, settings: &[(&str, &str)]) -> [Ran; 2] {
        self.play(|world| {
            let children = [(); 2].map(|()| {
                let mut command = world.command(&[], settings);
                let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().unwrap()
            });
            children.map(|child| child.wait_with_output().unwrap().into())
        })
    }

    /// Runs a check into a fault at one of its effects.
    pub fn check_with_fault(&mut self, settings: &[(&str, &str)], fault: Fault) -> Ran {
        self.play(|world| {
            let mut command = world.command_with_fault(&[], settings, fault);
            command.output().unwrap().into()
        })
    }

    /// Runs a check that stops at one of its effects for so long that its lease ends and another
    /// check is at work, and then goes on; how both ended, or how the one did that did not stop.
    pub fn check_suspended(
        &mut self,
        settings: &[(&str, &str)],
        effect: u64,
    ) -> (Ran, Option<Ran>) {
        let has_lease = self.has_table("run_lease");
        self.play(|world| {
            let mut command = world.command_with_fault(&[], settings, Fault::Stop(effect));
            let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let status = format!("/proc/{}/stat", child.id());
            let is_stopped = || {
                let text = std::fs::read_to_string(&status).unwrap();
                text.rsplit_once(") ").unwrap().1.starts_with('T')
            };
            let mut other = None;
            while child.try_wait().unwrap().is_none() {
                if is_stopped() {
                    let mut command = world.command(&[], settings);
                    match world.database.engine() {
                        // Its file may be locked by the one that has stopped.
                        Engine::Sqlite => shift_clock(&mut command, 3_600),
                        _ if has_lease => world.database.execute(
                            "do $$ begin
                                set local lock_timeout = '100ms';
                                update run_lease set expires_at = '2020-01-01';
                             exception when lock_not_available then null; end $$",
                        ),
                        _ => {}
                    }
                    other = Some(command.output().unwrap().into());
                    send_signal(child.id(), "CONT");
                    break;
                }
                std::thread::yield_now();
            }
            (child.wait_with_output().unwrap().into(), other)
        })
    }

    /// Whatever runs the program, while the fleet stays as it is.
    pub fn play<T>(&mut self, run: impl FnOnce(&World) -> T) -> T {
        self.world.smartlead.set_fleet(self.accounts());
        self.forget_relapses();
        let result = run(&self.world);
        self.world.settle();
        let known = self.steps.iter().flat_map(|step| &step.runs);
        let known: BTreeSet<&String> = known.map(|run| &run.id).collect();
        let runs = self.runs().into_iter();
        let runs = runs.filter(|run| !known.contains(&run.id));
        self.steps.push(Step {
            fleet: self.fleet.clone(),
            posts: self.world.slack.posts(),
            runs: runs.collect(),
        });
        result
    }

    /// Has accounts that went down again and again be none of those that are chronic, which would be
    /// told otherwise: that an account was part of an incident is no relapse.
    fn forget_relapses(&self) {
        if self.has_table("check_runs") {
            self.world.database.execute(
                "update disconnected_accounts set incident_id = -id
                  where not is_active and announced_at is not null",
            );
        }
    }

    /// The time until the next hour goes by, so that a lease which nobody gave back is over.
    pub fn wait_an_hour(&self) {
        if self.has_table("run_lease") {
            expire_lease(&self.world);
        }
    }

    /// The same servers with another program that has never run, and another database.
    pub fn anew(&self) -> Self {
        Self::new(self.world.anew())
    }

    /// A check in which nothing fails.
    #[track_caller]
    pub fn healthy(&mut self) {
        self.world.smartlead.heal();
        self.world.slack.heal();
        self.check(&[]).assert(0);
    }

    /// Posts of the last step, by title.
    pub fn titles(&self) -> Vec<&str> {
        let last = self.steps.last().unwrap();
        last.posts
            .iter()
            .map(crate::support::slack::title)
            .collect()
    }

    /// What the last step listed.
    pub fn listed(&self) -> Vec<Listed> {
        let last = self.steps.last().unwrap();
        last.posts.iter().flat_map(listing).collect()
    }

    /// Texts of all posts of the last step.
    pub fn texts(&self) -> String {
        let last = self.steps.last().unwrap();
        json!(last.posts).to_string()
    }

    fn has_table(&self, name: &str) -> bool {
        let tables = match self.world.database.engine() {
            Engine::Sqlite => "select name from sqlite_master",
            _ => {
                "select table_name::text from information_schema.tables where table_schema = 'public'"
            }
        };
        self.world
            .database
            .query(tables)
            .iter()
            .any(|table| table == name)
    }

    fn runs(&self) -> Vec<Run> {
        if !self.has_table("check_runs") {
            return Vec::new();
        }
        let runs = self.world.database.query(
            "select run_id || case when accounts_seen is null then '' else ' applied' end \
             from check_runs order by id",
        );
        let run = |row: &String| Run {
            id: row.replace(" applied", ""),
            is_applied: row.ends_with(" applied"),
        };
        runs.iter().map(run).collect()
    }
}

/// The lease that somebody holds is over.
pub fn expire_lease(world: &World) {
    let expired = "update run_lease set expires_at = '2020-01-01T00:00:00+00:00'";
    world.database.execute(expired);
}
