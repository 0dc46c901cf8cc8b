//! What a check would do, without doing it.

use super::{Check, CheckError, Ending};
use crate::audit;
use crate::domain::{Diff, Event, Observation, Told, Transition, Way};
use crate::slack::message::{self, Place};
use crate::slack::preview;
use crate::store::Recoveries;
use crate::terminal;

impl Check<'_> {
    /// Lists and compares, and prints to stdout what a check would record and post.
    pub(super) async fn dry_run(&self) -> Result<Ending, CheckError> {
        let mut known = self.store.preview(self.run.started_at()).await?;
        self.run.put_after(known.failing.last_applied);
        let Observation {
            accounts,
            diff: mut found,
            fleet,
        } = self.list(&known).await?;
        let triage = self.triage(&mut known, &mut found);
        let news = self.news(&known, &found, &triage);
        let mut lines = vec![
            "Dry run: nothing is written and nothing is posted.".to_owned(),
            format!(
                "{} accounts; {} disconnected afterwards: {} new, {} changed, {} reconnected, {} removed.",
                accounts,
                found.open_after(&known.open).count(),
                found.count(Event::Disconnected),
                found.count(Event::Changed),
                found.count(Event::Reconnected),
                found.count(Event::Removed),
            ),
        ];
        lines.extend(found.transitions.iter().map(line));
        let open = found.open_after(&known.open);
        let daily = self.daily(&known.memory, &triage, open);
        let names = self.names(&news, daily.as_ref(), &fleet).await;
        let csv = audit::file_name(self.run.started_at());
        let context = self.context(&csv, &fleet, &names);
        let mut parts = message::news(&news, &context);
        parts.extend(daily.and_then(|daily| message::daily(&daily, &context)));
        if let Some(recovery) = &known.recovery {
            let message = message::recovery(recovery, &self.run.id, self.run.started_at());
            lines.push(String::new());
            lines.push("Would be posted, since the channel was told of a failure:".to_owned());
            lines.extend(preview::lines(&message.blocks));
        }
        let back = self.told_as_back(&found);
        if back > 0 {
            lines.push(format!("Would be told as back: {back}."));
        }
        if parts.is_empty() && back == 0 && known.recovery.is_none() {
            lines.push("Nothing would be posted.".to_owned());
        }
        for part in &parts {
            lines.push(String::new());
            let channel = &self.settings.slack.channel;
            lines.push(match part.place {
                Place::Channel => format!("Would be posted to {channel}:"),
                Place::Thread => "Would be posted in the thread of that:".to_owned(),
                Place::ThreadOf(_) => {
                    "Would be posted in the thread of an earlier message:".to_owned()
                }
                Place::ThreadAndChannel(_) => {
                    format!("Would be posted in the thread of an earlier message and to {channel}:")
                }
                Place::Instead(_) => "Would replace an earlier message:".to_owned(),
            });
            lines.extend(preview::lines(&part.message.blocks));
        }
        terminal::print(&lines.join("\n")).map_err(CheckError::Output)?;
        Ok(Ending::Complete)
    }
}

impl Check<'_> {
    /// How many of those that are connected again would be told, as far as that is known before it
    /// is recorded.
    fn told_as_back(&self, found: &Diff) -> usize {
        if self.settings.common.alerts.recoveries == Recoveries::Off {
            return 0;
        }
        let is_told = |transition: &&Transition| {
            let disconnection = &transition.disconnection;
            transition.event == Event::Reconnected
                && disconnection.told == Told::Yes
                && matches!(disconnection.way, Way::Alert | Way::Incident(_))
        };
        found.transitions.iter().filter(is_told).count()
    }
}

fn line(transition: &Transition) -> String {
    let mailbox = &transition.disconnection.mailbox;
    format!(
        "  {:12} {:4} {} {}",
        transition.event.as_str(),
        transition.disconnection.kind,
        mailbox.id,
        mailbox.address.as_deref().unwrap_or("(no address)")
    )
}
