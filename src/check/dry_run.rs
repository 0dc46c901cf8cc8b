//! What a check would do, without doing it.

use super::{Check, CheckError, Ending};
use crate::audit;
use crate::domain::{Event, Observation, Transition};
use crate::slack::{message, preview};
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
        let names = self.names(&news, &fleet).await;
        let csv = audit::file_name(self.run.started_at());
        let context = self.context(&csv, &fleet, &names);
        let mut parts = message::news(&news, &context);
        let open = found.open_after(&known.open);
        parts.extend(self.daily(&known.memory, &triage, open, &context));
        if let Some(recovery) = &known.recovery {
            let message = message::recovery(recovery, &self.run.id, self.run.started_at());
            lines.push(String::new());
            lines.push("Would be posted, since the channel was told of a failure:".to_owned());
            lines.extend(preview::lines(&message.blocks));
        }
        if parts.is_empty() && known.recovery.is_none() {
            lines.push("Nothing would be posted.".to_owned());
        }
        for part in &parts {
            lines.push(String::new());
            lines.push(format!(
                "Would be posted to {}:",
                self.settings.slack.channel
            ));
            lines.extend(preview::lines(&part.message.blocks));
        }
        terminal::print(&lines.join("\n")).map_err(CheckError::Output)?;
        Ok(Ending::Complete)
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
