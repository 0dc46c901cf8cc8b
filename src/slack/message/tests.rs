use chrono::TimeDelta;

use super::draft::{escape, length};
use super::*;
use crate::domain::cause::Class;
use crate::domain::{AlertNews, Kind, Mailbox, Senders, Told, Unannounced, Way};
use crate::slack::preview;

mod alert;
mod aside;
mod incident;
mod property;

fn at() -> DateTime<Utc> {
    "2024-01-20T14:05:00Z".parse().unwrap()
}

fn down(id: i64, kind: Kind) -> Disconnection {
    Disconnection {
        mailbox: Mailbox {
            id,
            name: Some("Dana Ops".into()),
            address: Some(format!("dana{id}@outreach-one.example").into()),
            account_type: Some("OUTLOOK".into()),
            tags: "pool-a, warm".into(),
            daily_cap: Some(40),
            sent_today: Some(17),
            campaigns: Some(3),
            client_id: Some(77),
        },
        kind,
        smtp_error: kind.smtp_failed().then(|| "535 login rejected".into()),
        imap_error: kind
            .imap_failed()
            .then(|| "NO [AUTHENTICATIONFAILED]".into()),
        cause: Class::BadPassword,
        detected_at: at(),
        missed_listings: 0,
        told: Told::No,
        way: Way::Alert,
    }
}

/// What a check knows of the fleet, and its names.
#[derive(Default)]
struct Known {
    fleet: Fleet,
    names: Names,
}

impl Known {
    /// A fleet of four clients and a few campaigns, of which some are stricken.
    fn some() -> Self {
        let senders = |all, down, is_news| Senders { all, down, is_news };
        let campaigns = [
            (1, senders(12, 11, true)),
            (2, senders(6, 6, true)),
            (3, senders(40, 5, true)),
            (4, senders(9, 9, false)),
            (5, senders(3, 3, true)),
        ];
        let campaign_names = [
            (1, "Spring follow-up"),
            (2, "Q4 outreach"),
            (3, "Newsletter"),
            (5, "Webinar <!here>"),
        ];
        let clients = [
            (77, "Acme"),
            (78, "Beta Ltd"),
            (79, "Gamma & Sons"),
            (80, "Delta"),
        ];
        Self {
            fleet: Fleet {
                daily_cap: 96_000,
                campaigns: campaigns.into(),
            },
            names: Names {
                clients: clients.map(|(id, name)| (id, name.to_owned())).into(),
                campaigns: Some(
                    campaign_names
                        .map(|(id, name)| (id, name.to_owned()))
                        .into(),
                ),
            },
        }
    }

    fn context<'a>(&'a self, run_id: &'a RunId, checked_at: DateTime<Utc>) -> Context<'a> {
        Context {
            run_id,
            checked_at,
            csv: "disconnections_202401.csv",
            fleet: &self.fleet,
            names: &self.names,
        }
    }
}

fn run_id() -> RunId {
    RunId::new(at(), 0xabc123)
}

/// The messages of an alert about these.
fn render(disconnections: &[Disconnection]) -> Vec<Part> {
    let alert = AlertNews {
        disconnections: disconnections.iter().collect(),
        ..AlertNews::default()
    };
    tell(alert, &Known::default())
}

fn tell(alert: AlertNews<'_>, known: &Known) -> Vec<Part> {
    let news = News {
        alert,
        ..News::default()
    };
    super::news(&news, &known.context(&run_id(), at()))
}

/// Messages as the channel shows them.
fn shown(parts: &[Part]) -> String {
    let mut lines = Vec::new();
    for part in parts {
        assert_within_limits(&part.message);
        lines.push(match &part.place {
            Place::Channel => "--- In the channel".to_owned(),
            Place::Thread => "--- In its thread".to_owned(),
            Place::ThreadAndChannel(receipt) => {
                format!("--- In the thread of {} and in the channel", receipt.ts)
            }
            Place::ThreadOf(receipt) => format!("--- In the thread of {}", receipt.ts),
            Place::Instead(receipt) => format!("--- Instead of {}", receipt.ts),
        });
        lines.extend(preview::lines(&part.message.blocks));
        lines.push(String::new());
    }
    lines.join("\n")
}

/// The first table of a message.
fn rows(message: &Message) -> &[Value] {
    let rows = message
        .blocks
        .iter()
        .find_map(|block| block["rows"].as_array());
    rows.map_or(&[], Vec::as_slice)
}

/// Every string of a value under a key named `text` that is shown.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "text" => found.push(text.clone()),
                    _ => texts(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// Holds a message against Slack's limits, or ours where they are narrower.
fn assert_within_limits(message: &Message) {
    for text in [&message.text, &message.plain] {
        assert!(!text.is_empty());
        assert!(text.len() <= 3_900, "{} bytes", text.len());
        assert!(length(text) <= 3_800, "{} characters", length(text));
        for mark in ["<!", "<@", "<#", "<http", "://"] {
            assert!(!text.contains(mark), "{mark} in {text}");
        }
    }
    assert!(!message.blocks.is_empty() && message.blocks.len() <= 50);
    let mut found = Vec::new();
    message
        .blocks
        .iter()
        .for_each(|block| texts(block, &mut found));
    assert!(found.iter().all(|text| !text.is_empty()), "an empty text");
    let visible: usize = found.iter().map(|text| length(text)).sum();
    assert!(visible <= 8_000, "{visible} visible characters");
    let mut tables = 0;
    for block in &message.blocks {
        match block["type"].as_str().unwrap() {
            "header" => {
                assert_eq!(block["text"]["type"], "plain_text");
                assert!(length(block["text"]["text"].as_str().unwrap()) <= 150);
            }
            "section" => {
                let text = block["text"]["text"].as_str().unwrap();
                assert!(length(text) <= 3_000);
                if block["text"]["type"] == "mrkdwn" {
                    assert!(!text.contains("<!") && !text.contains("<@"), "{text}");
                }
            }
            "table" => {
                tables += 1;
                let rows = block["rows"].as_array().unwrap();
                assert!(rows.len() <= 100 && rows.len() >= 2);
                let columns = rows[0].as_array().unwrap().len();
                assert!((5..=20).contains(&columns));
                assert!(
                    rows.iter()
                        .all(|row| row.as_array().unwrap().len() == columns)
                );
                assert_eq!(block["column_settings"].as_array().unwrap().len(), columns);
                for row in &rows[1..] {
                    let cells = row.as_array().unwrap();
                    assert!(cells[1..].iter().all(|cell| cell["type"] == "raw_text"));
                }
            }
            other => panic!("{other}"),
        }
    }
    assert!(tables <= 1);
}

#[test]
fn the_fallback_is_escaped() {
    assert_eq!(
        escape("a & <!channel> http://x"),
        "a &amp; &lt;!channel&gt; http:/\u{200b}/x"
    );
}
