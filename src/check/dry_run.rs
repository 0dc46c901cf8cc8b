//! What a check would do, without doing it.

use std::io::Write as _;

use super::{Check, CheckError, Ending};
use crate::audit;
use crate::domain::{Event, Transition, apply, diff};
use crate::slack::preview;

impl Check<'_> {
    /// Lists and compares, and prints to stdout what a check would record and post.
    pub(super) async fn dry_run(&self) -> Result<Ending, CheckError> {
        let known = self.store.preview().await?;
        let fleet = self.smartlead.fleet().await?;
        self.check_size(&fleet, &known)?;
        let found = diff(&known.open, &fleet, self.run.started_at);
        let open = apply(known.open, &found);
        let untold = self.untold(open.iter());
        let mut lines = vec![
            "Dry run: nothing is written and nothing is posted.".to_owned(),
            format!(
                "{} accounts; {} disconnected afterwards: {} new, {} changed, {} reconnected, {} removed.",
                fleet.len(),
                open.len(),
                found.count(Event::Disconnected),
                found.count(Event::Changed),
                found.count(Event::Reconnected),
                found.count(Event::Removed),
            ),
        ];
        lines.extend(found.transitions.iter().map(line));
        let parts = self.alert(&untold, &audit::file_name(self.run.started_at));
        if parts.is_empty() {
            lines.push("Nothing would be posted.".to_owned());
        }
        for part in &parts {
            lines.push(String::new());
            lines.push(format!(
                "Would be posted to {}:",
                self.settings.slack.channel
            ));
            lines.extend(preview::lines(&part.message));
        }
        print(&lines);
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

/// Prints, and does not mind a reader that has gone away.
fn print(lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    let _ = std::io::stdout().write_all(text.as_bytes());
}
