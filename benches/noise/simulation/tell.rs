//! How a simulated check tells what it has to, by the rules of `monitor::check::tell`, and what the
//! database makes of it.

use chrono::{DateTime, TimeDelta, Utc};
use monitor::domain::chronic::Chronic;
use monitor::domain::{Disconnection, Memory, Receipt, Telling, Triage, Way};
use monitor::slack::message::{self, Context, Daily, Message, Part, Place};
use monitor::store::Recoveries;
use sqlx::{Row as _, raw_sql};

use super::check::Monitor;
use super::ledger::Untold;
use super::sink::{Answer, Posted};

const DAY: TimeDelta = TimeDelta::hours(24);

/// What the database has as untold and is to be told.
const UNTOLD: &str = "
    select account_id, detected_at, told_as, incident_id, is_active, announce_attempted_at
      from disconnected_accounts
     where announced_at is null and told_as is not null and told_as <> 'passed'";

/// The program did not live to the end of the check.
pub struct Killed;

impl Monitor<'_> {
    /// Posts messages in their order; whether all of them are told for certain.
    pub(super) async fn tell(&mut self, parts: &[Part]) -> Result<bool, Killed> {
        let mut head: Option<Receipt> = None;
        let mut is_noted = false;
        let mut attempted_at = self.now;
        for (index, part) in parts.iter().enumerate() {
            let parent = match &part.place {
                Place::Channel => None,
                Place::Thread => head.as_ref(),
                Place::ThreadOf(receipt) | Place::ThreadAndChannel(receipt) => Some(receipt),
                Place::Instead(receipt) => {
                    self.slack.update(self.hour, &part.message, receipt);
                    continue;
                }
            };
            let is_shown = parent.is_none() || matches!(part.place, Place::ThreadAndChannel(_));
            if part.tells_nothing() {
                match self.post(&part.message, parent, is_shown).answer {
                    Answer::Killed => return Err(self.die().await),
                    _ => continue,
                }
            }
            let untold = self.untold().await;
            let told = self.told(&part.telling, &untold);
            if !is_noted {
                attempted_at = self.now;
                let noted = self
                    .store
                    .attempt(&self.run_id, &part.telling, attempted_at);
                noted.await.unwrap();
            }
            let posted = self.post(&part.message, parent, is_shown);
            if posted.is_taken {
                let is_old = parent.is_some_and(|parent| self.slack.is_old(self.hour, parent));
                if is_old && !is_shown && !told.is_empty() {
                    self.ledger
                        .is_broken(self.hour, "told where nobody looks: a day below");
                }
                self.ledger
                    .tell(self.hour, self.began, &told, says_repeat(&part.message));
            }
            match posted.answer {
                Answer::Taken => {}
                Answer::Refused => {
                    let withdrawn = self.store.withdraw(&self.run_id, attempted_at);
                    withdrawn.await.unwrap();
                    return Ok(false);
                }
                Answer::Lost => {
                    self.ledger.doubt(self.hour, &told);
                    return Ok(false);
                }
                Answer::Killed => return Err(self.die().await),
            }
            let receipt = posted.receipt;
            attempted_at = self.now;
            let mut later = parts.iter().skip(index + 1);
            let next = later.find(|next| !next.tells_nothing());
            let next = next.map(|next| &next.telling);
            is_noted = next.is_some();
            let marked =
                self.store
                    .mark_told(&self.run_id, &part.telling, &receipt, next, attempted_at);
            marked.await.unwrap();
            self.ledger.confirm(self.hour, &told);
            self.check_marks(&untold, &told).await;
            if part.place == Place::Channel {
                head = Some(receipt);
            }
        }
        Ok(true)
    }

    /// Of all that was noted as begun nobody knows how it ended, or whether it was.
    async fn die(&mut self) -> Killed {
        let mut untold = self.untold().await;
        untold.retain(|untold| untold.attempted_at.is_some());
        self.ledger.doubt(self.hour, &untold);
        Killed
    }

    fn post(&mut self, message: &Message, parent: Option<&Receipt>, is_shown: bool) -> Posted {
        let posted = self.slack.post(self.hour, message, parent, is_shown);
        self.now += TimeDelta::seconds(1);
        posted
    }

    /// Posts a message about the checks; when Slack took it for certain.
    pub(super) fn notice(&mut self, message: &Message) -> Result<Option<DateTime<Utc>>, Killed> {
        let posted = self.post(message, None, true);
        if posted.is_taken {
            self.slack.note_notice(self.hour);
        }
        match posted.answer {
            Answer::Taken => Ok(Some(self.now)),
            Answer::Refused | Answer::Lost => Ok(None),
            Answer::Killed => Err(Killed),
        }
    }

    /// What is to be told of accounts that are back.
    pub(super) async fn recoveries(&mut self, context: &Context<'_>) -> Vec<Part> {
        let setting = self.alerts.recoveries;
        if setting == Recoveries::Off {
            return Vec::new();
        }
        let mut threads = self.store.recoveries().await.unwrap();
        match setting {
            Recoveries::Channel => threads = message::merged(threads),
            _ => threads.retain(|thread| thread.thread.is_some()),
        }
        message::reconnected(&threads, context)
    }

    /// The daily message, if it is time for one.
    pub(super) fn daily<'k>(
        &self,
        memory: &'k Memory,
        triage: &Triage,
        open: impl Iterator<Item = &'k Disconnection>,
        context: &Context<'_>,
    ) -> Option<Part> {
        let now = context.checked_at;
        let is_chronic = |account: &&Chronic| {
            account.told_at.is_some() && !triage.held.contains(&account.account)
        };
        let chronic: Vec<&Chronic> = memory.chronic.iter().filter(is_chronic).collect();
        let remind_after = self.alerts.remind_after;
        let first = chronic.iter().filter_map(|account| account.told_at).min();
        let last = memory
            .daily_at
            .max(first.filter(|_| remind_after.is_none()));
        if last.is_some_and(|last| (now - last).abs() < DAY) {
            return None;
        }
        let reminder = remind_after.map(|after| {
            let is_old = |d: &&Disconnection| now - d.detected_at >= after;
            (after, open.filter(is_old).collect())
        });
        let daily = Daily {
            chronic,
            folded: memory.folded + triage.folded.len() as u64,
            perhaps_told: memory.folded_perhaps_told,
            reminder,
        };
        message::daily(&daily, context)
    }

    /// The disconnections that a message tells, of those that are untold.
    fn told(&mut self, telling: &Telling, untold: &[Untold]) -> Vec<Untold> {
        let listed = |untold: &Untold| telling.accounts.contains(&untold.account);
        let is_told = |untold: &&Untold| {
            let is_counted = match untold.is_open {
                true => telling.others > 0 || listed(untold),
                false => telling.unannounced,
            };
            untold.way == telling.way && is_counted
        };
        let told: Vec<Untold> = untold.iter().filter(is_told).copied().collect();
        let open = told.iter().filter(|untold| untold.is_open).count();
        let said = telling.accounts.len() + telling.others;
        let meant = match telling.way {
            Way::Chronic => told.len(),
            _ => open,
        };
        if said != meant {
            self.ledger.is_broken(
                self.hour,
                format!("says {said} and tells {meant}: {telling:?}"),
            );
        }
        told
    }

    /// What is marked as told is what the message told.
    async fn check_marks(&mut self, before: &[Untold], told: &[Untold]) {
        let after = self.untold().await;
        let is_left = |untold: &&Untold| {
            after
                .iter()
                .any(|left| (left.account, left.since) == (untold.account, untold.since))
        };
        let marked: Vec<Untold> = before.iter().filter(|u| !is_left(u)).copied().collect();
        if marked != told {
            self.ledger
                .is_broken(self.hour, format!("told {told:?} and marked {marked:?}"));
        }
    }

    /// How many accounts are back of which that is to be told.
    pub(super) async fn due(&mut self) -> i64 {
        let due = raw_sql("select count(*) from disconnected_accounts where recovery_due");
        due.fetch_one(&mut self.reader).await.unwrap().get(0)
    }

    /// The accounts that are on record as chronic.
    pub(super) async fn chronic(&mut self) -> Vec<i64> {
        let chronic = raw_sql("select account_id from chronic_accounts");
        let rows = chronic.fetch_all(&mut self.reader).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn untold(&mut self) -> Vec<Untold> {
        let rows = raw_sql(UNTOLD).fetch_all(&mut self.reader).await.unwrap();
        let untold = rows.iter().map(|row| Untold {
            account: row.get("account_id"),
            since: row.get("detected_at"),
            way: Way::read(row.get("told_as"), row.get("incident_id")),
            is_open: row.get("is_active"),
            attempted_at: row.get("announce_attempted_at"),
        });
        untold.collect()
    }
}

/// Whether a message calls anything that it tells a possible repeat.
fn says_repeat(message: &Message) -> bool {
    message.text.contains("possible repeat")
        || message
            .blocks
            .iter()
            .any(|block| block.to_string().contains("possible repeat"))
}
