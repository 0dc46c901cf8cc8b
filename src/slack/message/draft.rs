//! What a message is made of, and how much of it Slack takes.

use serde_json::{Value, json};

use super::table::Table;
use super::{Message, accounts};

/// Visible characters a message may have. Slack refuses some messages from about 12,000 on, by a
/// rule it does not document (slackapi/bolt-js issues 2509 and 2867).
const LONGEST_MESSAGE: usize = 8_000;

/// Characters of a header.
const LONGEST_TITLE: usize = 150;

/// Characters of a section.
const LONGEST_SECTION: usize = 3_000;

/// Bytes of a message's text. `chat.postMessage` advises 4,000 characters, `chat.update` refuses
/// more than 4,000 bytes.
/// Source: <https://docs.slack.dev/reference/methods/chat.postMessage>.
const LONGEST_TEXT: usize = 3_800;

/// Room kept in a message for the note below its table.
const NOTE: usize = 300;

const ACTIONS: &str = "Recommended actions";

/// The list of all accounts in the web application.
const DASHBOARD: &str = "https://app.smartlead.ai/app/email-accounts/emails";

/// A message as it is written.
#[derive(Default)]
pub(super) struct Draft<'a> {
    /// Its title; none for what carries on another message.
    pub(super) title: String,
    /// What stands below the title.
    pub(super) paragraphs: Vec<String>,
    /// Accounts in rows.
    pub(super) table: Option<Table>,
    /// How many accounts are in no table of this or of another message.
    pub(super) left_out: usize,
    /// Where those are.
    pub(super) elsewhere: &'a str,
    /// What stands below the table, beside what is left out.
    pub(super) note: String,
    /// What to do, our own words only.
    pub(super) actions: Vec<String>,
}

impl Draft<'_> {
    /// The visible characters that a table may have.
    pub(super) fn room(&self) -> usize {
        let paragraphs = self
            .paragraphs
            .iter()
            .map(|text| length(text).min(LONGEST_SECTION));
        let actions = length(&self.recommended());
        let taken = length(&self.title) + paragraphs.sum::<usize>() + actions + NOTE;
        LONGEST_MESSAGE.saturating_sub(taken)
    }

    /// The message.
    pub(super) fn finish(self) -> Message {
        let lead = || {
            let title = Some(&self.title).filter(|title| !title.is_empty());
            title.into_iter().chain(&self.paragraphs)
        };
        let mut text = Text::default();
        lead().for_each(|line| text.add_cut(line, LONGEST_TEXT));
        let mut plain = Text::default();
        // What does not fit into the rows has to be counted in the room that they leave.
        let room = LONGEST_TEXT - NOTE;
        lead().for_each(|line| plain.add_cut(line, room));
        if !self.actions.is_empty() {
            plain.add(&format!("{ACTIONS}\n{}", self.actions.join("\n")), room);
        }
        let rows = self.table.as_ref().map_or(&[][..], Table::rows);
        let fitting = rows.iter().map(|row| plain.add(&Table::line(row), room));
        let listed = fitting.take_while(|fits| *fits).count();
        match self.left_out + rows.len() - listed {
            0 => {}
            left_out => plain.add_cut(&self.not_listed(left_out), LONGEST_TEXT),
        }
        let mut note = self.note.clone();
        if self.left_out > 0 {
            let space = if note.is_empty() { "" } else { " " };
            note.push_str(&format!("{space}{}", self.not_listed(self.left_out)));
        }
        let note = Some(section(&note)).filter(|_| !note.is_empty());
        let title = Some(header(&self.title)).filter(|_| !self.title.is_empty());
        let paragraphs = self.paragraphs.iter().map(|text| section(text));
        let table = self.table.as_ref().map(Table::block);
        let actions = Some(markup(&self.recommended())).filter(|_| !self.actions.is_empty());
        let blocks = title.into_iter().chain(paragraphs).chain(table);
        let blocks = blocks.chain(note).chain(actions).collect();
        Message {
            text: text.0,
            blocks,
            plain: plain.0,
        }
    }

    fn not_listed(&self, count: usize) -> String {
        format!("Not listed: {}; see {}.", accounts(count), self.elsewhere)
    }

    fn recommended(&self) -> String {
        if self.actions.is_empty() {
            return String::new();
        }
        format!(
            "*{ACTIONS}*\n{}\nCheck the accounts in the <{DASHBOARD}|Smartlead dashboard>; each ID above leads to its error.",
            self.actions.join("\n")
        )
    }
}

impl Message {
    /// A title and paragraphs.
    pub(super) fn new(title: &str, paragraphs: &[String]) -> Self {
        let draft = Draft {
            title: title.to_owned(),
            paragraphs: paragraphs.to_vec(),
            ..Draft::default()
        };
        draft.finish()
    }
}

/// Lines of text for Slack's mrkdwn.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Adds a line if all is within `room` bytes then.
    fn add(&mut self, line: &str, room: usize) -> bool {
        let escaped = escape(line);
        let fits = self.0.len() + escaped.len() < room;
        if fits {
            self.begin();
            self.0.push_str(&escaped);
        }
        fits
    }

    /// Adds as much of a line as there is room for.
    fn add_cut(&mut self, line: &str, room: usize) {
        if self.add(line, room) || self.0.len() + '…'.len_utf8() >= room {
            return;
        }
        self.begin();
        for c in line.replace("://", ":/\u{200b}/").chars() {
            let escaped = escape(c.encode_utf8(&mut [0; 4]));
            if self.0.len() + escaped.len() + '…'.len_utf8() > room {
                break;
            }
            self.0.push_str(&escaped);
        }
        self.0.push('…');
    }

    fn begin(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }
}

fn header(title: &str) -> Value {
    let title = within(title, LONGEST_TITLE);
    json!({"type": "header", "text": {"type": "plain_text", "text": title, "emoji": true}})
}

/// Text that Slack shows as it is.
fn section(text: &str) -> Value {
    let text = within(text, LONGEST_SECTION);
    json!({"type": "section", "text": {"type": "plain_text", "text": text, "emoji": false}})
}

/// Our own words with our own links; nothing untrusted.
fn markup(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}})
}

/// Escapes text for Slack's mrkdwn: no mention and no link, not even of a bare URL.
/// Source: <https://docs.slack.dev/messaging/formatting-message-text/>.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace("://", ":/\u{200b}/")
}

/// Ends a text that is too long in an ellipsis.
fn within(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let mut room = most.saturating_sub(1);
    let fitting = text.chars().take_while(|c| {
        let fits = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        fits
    });
    let mut cut: String = fitting.collect();
    cut.push('…');
    cut
}

/// The longer of the two ways to count characters.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
