//! Slack's limits, against which every message is held. Each is of
//! <https://docs.slack.dev/reference/block-kit/blocks> unless another source is named; what no rule
//! here knows is a fault.

use std::collections::HashSet;

use monitor::slack::message::Message;
use serde_json::Value;

const MOST_BLOCKS: usize = 50;
const LONGEST_HEADER: usize = 150;
const LONGEST_SECTION: usize = 3_000;
const MOST_FIELDS: usize = 10;
const LONGEST_FIELD: usize = 2_000;
const MOST_ELEMENTS: usize = 10;
const MOST_ROWS: usize = 100;
const MOST_CELLS: usize = 20;
const LONGEST_ID: usize = 255;

/// Visible characters of all blocks. Slack refuses some messages from about 12,000 on, by a rule it
/// does not document (slackapi/bolt-js issues 2509 and 2867).
const LONGEST_MESSAGE: usize = 8_000;

/// Of a text alone: characters for `chat.postMessage`, bytes for `chat.update`.
/// Source: <https://docs.slack.dev/reference/methods/chat.postMessage>.
const LONGEST_TEXT: usize = 4_000;

/// Where our own links lead.
const OURS: &str = "https://app.smartlead.ai/";

/// What Slack would object to, or should.
pub fn faults(message: &Message, is_update: bool) -> Vec<String> {
    let mut limits = Limits::default();
    for (name, text) in [("text", &message.text), ("plain", &message.plain)] {
        limits.within(name, length(text), 1, LONGEST_TEXT);
        limits.markup(name, text);
        if is_update {
            limits.within(name, text.len(), 1, LONGEST_TEXT);
        }
    }
    limits.within("blocks", message.blocks.len(), 1, MOST_BLOCKS);
    for block in &message.blocks {
        limits.block(block);
    }
    limits.within("tables", limits.tables, 0, 1);
    limits.within("visible characters", limits.visible, 1, LONGEST_MESSAGE);
    let body = serde_json::to_string(&message.blocks).unwrap_or_default();
    let read: Result<Vec<Value>, _> = serde_json::from_str(&body);
    if !read.is_ok_and(|blocks| blocks == message.blocks) {
        limits.faults.push("the blocks are not JSON".to_owned());
    }
    limits.faults
}

#[derive(Default)]
struct Limits {
    faults: Vec<String>,
    visible: usize,
    tables: usize,
    ids: HashSet<String>,
}

impl Limits {
    fn within(&mut self, what: &str, found: usize, least: usize, most: usize) {
        if !(least..=most).contains(&found) {
            self.faults
                .push(format!("{what}: {found}, not {least} to {most}"));
        }
    }

    fn unknown(&mut self, value: &Value) {
        self.faults.push(format!("no rule knows {value}"));
    }

    fn block(&mut self, block: &Value) {
        if let Some(id) = block["block_id"].as_str() {
            self.within("block_id", length(id), 1, LONGEST_ID);
            if !self.ids.insert(id.to_owned()) {
                self.faults.push(format!("two blocks are {id}"));
            }
        }
        match block["type"].as_str() {
            Some("divider") => {}
            Some("header") => {
                self.text(&block["text"], LONGEST_HEADER);
                if block["text"]["type"] != "plain_text" {
                    self.unknown(block);
                }
            }
            Some("section") => {
                let fields = list(&block["fields"]);
                self.within("fields", fields.len(), 0, MOST_FIELDS);
                fields
                    .iter()
                    .for_each(|field| self.text(field, LONGEST_FIELD));
                if fields.is_empty() || !block["text"].is_null() {
                    self.text(&block["text"], LONGEST_SECTION);
                }
            }
            Some("context") => {
                let elements = list(&block["elements"]);
                self.within("elements", elements.len(), 1, MOST_ELEMENTS);
                elements
                    .iter()
                    .for_each(|element| self.text(element, LONGEST_SECTION));
            }
            Some("table") => self.table(block),
            Some("rich_text") => self.rich_text(block),
            _ => self.unknown(block),
        }
    }

    fn table(&mut self, table: &Value) {
        self.tables += 1;
        let rows = list(&table["rows"]);
        self.within("rows", rows.len(), 1, MOST_ROWS);
        self.within(
            "column_settings",
            list(&table["column_settings"]).len(),
            0,
            MOST_CELLS,
        );
        for row in rows {
            let cells = list(row);
            self.within("cells", cells.len(), 1, MOST_CELLS);
            if cells.len() != list(&rows[0]).len() {
                self.faults.push(format!("a row of {} cells", cells.len()));
            }
            for cell in cells {
                match cell["type"].as_str() {
                    Some("raw_text") => self.literal(cell, LONGEST_SECTION),
                    Some("rich_text") => self.rich_text(cell),
                    _ => self.unknown(cell),
                }
            }
        }
    }

    /// Sections of elements, each with text that Slack shows as it is.
    fn rich_text(&mut self, block: &Value) {
        let sections = list(&block["elements"]);
        self.within("sections", sections.len(), 1, MOST_BLOCKS);
        for section in sections {
            let elements = list(&section["elements"]);
            self.within("elements", elements.len(), 1, MOST_BLOCKS);
            if section["type"] != "rich_text_section" {
                self.unknown(section);
            }
            for element in elements {
                self.literal(element, LONGEST_SECTION);
                let url = element["url"].as_str();
                match (element["type"].as_str(), url) {
                    (Some("text"), None) => {}
                    (Some("link"), Some(url)) if url.starts_with(OURS) => {}
                    _ => self.unknown(element),
                }
            }
        }
    }

    /// A text object.
    fn text(&mut self, object: &Value, longest: usize) {
        self.literal(object, longest);
        match object["type"].as_str() {
            Some("plain_text") => {}
            Some("mrkdwn") => self.markup("mrkdwn", object["text"].as_str().unwrap_or_default()),
            _ => self.unknown(object),
        }
    }

    fn literal(&mut self, object: &Value, longest: usize) {
        let text = object["text"].as_str().unwrap_or_default();
        self.within("characters", length(text), 1, longest);
        self.visible += length(text);
        if text.chars().any(|c| c.is_control() && c != '\n') {
            self.faults.push(format!("a control character in {text:?}"));
        }
    }

    /// A text in which Slack would find mentions and links: there are none but our own.
    fn markup(&mut self, what: &str, text: &str) {
        let mut rest = text.to_owned();
        while let Some(from) = rest.find(&format!("<{OURS}")) {
            let Some(to) = rest[from..].find('>') else {
                break;
            };
            rest.replace_range(from..=from + to, "");
        }
        let entities = ["&amp;", "&lt;", "&gt;"];
        let bare = entities
            .iter()
            .fold(rest, |rest, entity| rest.replace(entity, ""));
        for sign in ["<", ">", "&", "://"] {
            if bare.contains(sign) {
                self.faults
                    .push(format!("a bare {sign} in {what}: {bare:?}"));
            }
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The longer of the two ways to count characters.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
