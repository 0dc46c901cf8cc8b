//! What has to hold of any input whatever, as functions that panic where it does not.
//!
//! The fuzz targets call them on what the fuzzer makes up; `tests/it/hostile.rs` on the seeds, which
//! are committed, and on mutations of them. What the fuzzer finds is mended and becomes a seed. To
//! fuzz, on any toolchain, from the root of the repository:
//!
//! ```sh
//! cargo install cargo-fuzz
//! mkdir -p fuzz/corpus/page
//! RUSTC_BOOTSTRAP=1 cargo fuzz run page fuzz/corpus/page fuzz/seeds/page -- -max_total_time=120
//! ```
//!
//! The targets are `page`, `retry_after`, `message` and `csv`; the last writes files, so set `TMPDIR`
//! to a folder in memory.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use monitor::audit::{self, AuditTrail, HEADER};
use monitor::domain::{
    Account, AlertNews, AuditLine, Class, Comparison, Disconnection, Fleet, LinkState, Mailbox,
    Names, News, RunId, Told, Transition, Unannounced,
};
use monitor::http::{self, Answer};
use monitor::redact::Redactor;
use monitor::slack::message::{self, Context, Failure, Message, Part};
use monitor::slack::preview;
use monitor::smartlead::wire;
use secrecy::SecretString;
use serde_json::Value;

/// A secret of ours; the redactor knows it.
const OUR_SECRET: &str = "key-5b1f3c";

/// A mailbox's password. Nothing knows it, so nothing could mask it.
const PASSWORD: &str = "c2VudGluZWwtcGFzc3dvcmQ=";

/// What stands between the fields of an input: the record separator of ASCII, so that a seed stays
/// readable and a field can hold line breaks.
const SEPARATOR: u8 = 0x1e;

/// Any body as a page.
pub fn page(body: &[u8]) {
    match decoded(body) {
        Ok(accounts) => accounts.iter().for_each(assert_fit),
        Err(why) => {
            assert_clean(&why, 300);
            assert!(!why.contains(OUR_SECRET), "a secret in {why:?}");
        }
    }
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    // Whatever a reading makes of a field, it loses no account that has an id.
    let read = decoded(json.to_string().as_bytes());
    if let Some(rows) = json.as_array()
        && rows.iter().all(|row| row["id"].is_i64())
    {
        let read = read.as_ref().map(|accounts| {
            let ids = accounts.iter().map(|account| account.mailbox.id);
            ids.collect::<Vec<_>>()
        });
        let listed: Vec<i64> = rows.iter().filter_map(|row| row["id"].as_i64()).collect();
        assert_eq!(read, Ok(listed), "{json}");
    }
    // Passwords may stand anywhere: they change nothing, and are nowhere in what was read.
    add_passwords(&mut json);
    let with_passwords = decoded(json.to_string().as_bytes());
    assert!(!format!("{with_passwords:?}").contains(PASSWORD));
    assert_eq!(with_passwords.ok(), read.ok(), "{json}");
}

fn decoded(body: &[u8]) -> Result<Vec<Account>, String> {
    match wire::page(body, &Redactor::new([&SecretString::from(OUR_SECRET)])) {
        Answer::Good(accounts) => Ok(accounts),
        Answer::Malformed(why) | Answer::RateLimited(why) | Answer::NotTaken(why) => Err(why),
    }
}

fn add_passwords(json: &mut Value) {
    match json {
        Value::Array(values) => values.iter_mut().for_each(add_passwords),
        Value::Object(fields) => {
            fields.values_mut().for_each(add_passwords);
            for name in ["password", "imap_password", "smtp_password"] {
                fields.insert(name.to_owned(), PASSWORD.into());
            }
        }
        _ => {}
    }
}

/// Holds an account against what the rest of the program relies on.
fn assert_fit(account: &Account) {
    let mailbox = &account.mailbox;
    for (text, longest) in [
        (&mailbox.name, 200),
        (&mailbox.address, 320),
        (&mailbox.account_type, 200),
    ] {
        if let Some(text) = text {
            assert!(!text.is_empty(), "an empty text is an absent one");
            assert_clean(text, longest);
        }
    }
    assert_clean(&mailbox.tags, 2_000);
    for link in [&account.smtp, &account.imap] {
        if let LinkState::Failed { reason, .. } = link {
            assert_clean(reason, 500);
            assert!(!reason.contains(OUR_SECRET), "a secret in {reason:?}");
        }
    }
}

/// One line without characters that a terminal, a database or a reader's eye could stumble over.
fn assert_clean(text: &str, longest: usize) {
    assert!(text.chars().count() <= longest, "too long: {text:?}");
    assert!(!text.contains(is_harmful), "{text:?}");
    assert_eq!(text.trim(), text);
}

/// Control characters, line breaks, and those with the property `Bidi_Control`.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A header value, which is the first line, and a body, which is the rest.
pub fn retry_after(input: &[u8]) {
    let (value, body) = match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, input),
    };
    let value = String::from_utf8_lossy(value);
    let years = [0, 25, 56, 8_000].map(|years| 31_556_952 * years);
    let nows = years.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let asked = nows.iter().map(|now| http::retry_after(&value, *now));
    for wait in asked.chain([http::retry_after_in_body(body)]).flatten() {
        assert!(!wait.is_zero(), "{value:?} would be repeated at once");
        assert!(wait <= Duration::from_secs(31_536_000), "{wait:?}");
    }
}

/// A number of accounts, which is the first field, that share the other fields among them.
pub fn message(input: &[u8]) {
    let texts = fields(input);
    let (count, texts) = texts.split_first().expect("splitting gives one part");
    let count = count
        .trim()
        .parse()
        .map_or(1, |count: usize| count.min(4_000));
    let down: Vec<Disconnection> = transitions(accounts(count, texts))
        .into_iter()
        .map(|transition| with_a_past(transition.disconnection))
        .collect();
    let parts = alert(&down);
    let mut told: Vec<i64> = Vec::new();
    let mut others = 0;
    for Part {
        message, telling, ..
    } in &parts
    {
        assert_eq!(others, 0, "only the last counts the others");
        others = telling.others;
        assert_within_limits(message);
        let listed = listed(message);
        assert_eq!(
            listed.is_empty(),
            down.is_empty(),
            "a message that tells nothing"
        );
        assert_eq!(telling.accounts, listed);
        assert_pasts(message, &listed);
        told.extend(&listed);
    }
    assert_eq!(told.len() + others, down.len(), "each account is counted");
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len() + others, down.len(), "and once");
    let is_down = |id: &i64| down.iter().any(|d| d.mailbox.id == *id);
    assert!(told.iter().all(is_down));
    assert!(parts.len() <= 3);

    let failure = message::failure(&Failure {
        run_id: &run_id(),
        checked_at: at(),
        reason: &texts.concat(),
        next: "Nothing was resolved. The next scheduled check tries again.",
        failed_checks: u64::MAX,
        failing_since: at(),
        last_applied: Some(DateTime::UNIX_EPOCH),
    });
    assert_within_limits(&failure);
}

/// What was found earlier, or may have been told, is marked as that.
fn assert_pasts(message: &Message, listed: &[i64]) {
    let rows = message.blocks.iter().find_map(|b| b["rows"].as_array());
    let rows = rows.into_iter().flatten().skip(1);
    for (row, id) in rows.zip(listed) {
        let kind = row[4]["text"].as_str().expect("a cell has text");
        assert_eq!(kind.contains(", since 1970-01-01 00:00 UTC"), id % 2 == 0);
        assert_eq!(kind.ends_with(" (possible repeat)"), id % 3 == 0);
    }
}

/// Some were found earlier, and some may have been told.
fn with_a_past(disconnection: Disconnection) -> Disconnection {
    let id = disconnection.mailbox.id;
    Disconnection {
        detected_at: if id % 2 == 0 {
            DateTime::UNIX_EPOCH
        } else {
            at()
        },
        told: if id % 3 == 0 { Told::Perhaps } else { Told::No },
        ..disconnection
    }
}

/// The fields of an input, as text.
fn fields(input: &[u8]) -> Vec<String> {
    let fields = input.split(|byte| *byte == SEPARATOR);
    fields
        .map(|field| String::from_utf8_lossy(field).into_owned())
        .collect()
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_269_900, 0).expect("a time in 2026")
}

fn run_id() -> RunId {
    RunId::new(at(), 0x00ab_c123)
}

/// Accounts that are down, each with other texts in its fields, and with every sort of number. Text
/// is as it may stand in a database that another program filled: nothing has cleaned it.
fn accounts(count: usize, texts: &[String]) -> Vec<Account> {
    let account = |n: usize| {
        // Thousands of accounts with kilobytes in each field would only make it slow.
        let text = |field: usize| match n {
            0..=300 => texts.get((n + field) % texts.len().max(1)),
            _ => None,
        };
        let text = |field| text(field).map(|text| text.as_str().into());
        let number = i64::try_from(n).expect("few accounts");
        let error = |field| LinkState::Failed {
            reason: text(field).unwrap_or_default(),
            cause: Class::ALL[n % Class::ALL.len()],
        };
        let (smtp, imap) = match n % 3 {
            0 => (error(4), error(5)),
            1 => (error(4), LinkState::Ok),
            _ => (LinkState::Unknown, error(5)),
        };
        Account {
            mailbox: Mailbox {
                id: [number, -number, i64::MAX - number, i64::MIN + number][n % 4],
                name: text(0),
                address: text(1),
                account_type: text(2),
                tags: text(3).unwrap_or_default(),
                daily_cap: [None, Some(0), Some(40), Some(u32::MAX)][n % 4],
                sent_today: u32::try_from(n).ok(),
                campaigns: None,
                client_id: Some(-number),
            },
            smtp,
            imap,
            campaign_ids: Vec::new(),
        }
    };
    (0..count).map(account).collect()
}

/// What a first check of these accounts finds.
fn transitions(accounts: Vec<Account>) -> Vec<Transition> {
    let mut comparison = Comparison::new(&[], at());
    for account in &accounts {
        comparison.see(account);
    }
    comparison.complete().diff.transitions
}

/// The messages of an alert.
fn alert(disconnections: &[Disconnection]) -> Vec<Part> {
    let news = AlertNews {
        disconnections: disconnections.iter().collect(),
        unannounced: match disconnections.len() % 2 {
            0 => Unannounced::default(),
            _ => Unannounced {
                reconnected: u64::MAX / 2,
                removed: u64::MAX / 2,
                perhaps_told: u64::MAX,
            },
        },
        ..AlertNews::default()
    };
    let news = News {
        alert: news,
        ..News::default()
    };
    let context = Context {
        run_id: &run_id(),
        checked_at: at(),
        csv: "disconnections_202611.csv",
        fleet: &Fleet::default(),
        names: &Names::default(),
    };
    message::news(&news, &context)
}

/// Slack's limits, or ours where they are narrower, and that no text is more than text.
pub fn assert_within_limits(message: &Message) {
    for text in [&message.text, &message.plain] {
        assert!(!text.is_empty() && length(text) <= 4_000, "{}", text.len());
        assert!(!text.contains(['<', '>']), "unescaped: {text:?}");
    }
    assert!(!message.blocks.is_empty() && message.blocks.len() <= 50);
    let (mut tables, mut visible) = (0, 0);
    for block in &message.blocks {
        let words = block["text"]["text"].as_str();
        visible += words.map_or(0, length);
        match (block["type"].as_str(), block["text"]["type"].as_str()) {
            (Some("header"), Some("plain_text")) => {
                assert!(words.is_some_and(|words| (1..=150).contains(&length(words))));
            }
            (Some("section"), Some(form @ ("plain_text" | "mrkdwn"))) => {
                assert!(words.is_some_and(|words| (1..=3_000).contains(&length(words))));
                // The one text with markup is ours, and its one link is the dashboard's.
                let ours = |words: &str| {
                    words.matches('<').count() == 1
                        && words.contains("<https://app.smartlead.ai/app/email-accounts/emails|")
                };
                assert!(form == "plain_text" || words.is_some_and(ours), "{block}");
            }
            (Some("table"), None) => {
                tables += 1;
                visible += assert_table(block);
            }
            _ => panic!("an unknown block: {block}"),
        }
    }
    assert!(tables <= 1);
    assert!(visible <= 8_000, "{visible} visible characters");
    for line in preview::lines(&message.blocks) {
        assert!(!line.contains(is_harmful), "{line:?} on a terminal");
    }
}

/// Holds a table against Slack's rules; gives its visible characters.
fn assert_table(block: &Value) -> usize {
    let rows = block["rows"].as_array().expect("a table has rows");
    assert!((2..=100).contains(&rows.len()), "{} rows", rows.len());
    let mut visible = 0;
    for (number, row) in rows.iter().enumerate() {
        let row = row.as_array().expect("a row has cells");
        assert_eq!(row.len(), 7);
        for (column, cell) in row.iter().enumerate() {
            // The heading is bold, and an id leads to its account; the rest is literal.
            let text = match number == 0 || column == 0 {
                true => &cell["elements"][0]["elements"][0]["text"],
                false => {
                    assert_eq!(cell["type"], "raw_text");
                    &cell["text"]
                }
            };
            let text = text.as_str().expect("a cell has text");
            assert!(!text.is_empty(), "Slack refuses an empty cell");
            assert_clean(text, 120);
            visible += length(text);
        }
    }
    visible
}

/// The ids of a message's table, in its order.
fn listed(message: &Message) -> Vec<i64> {
    let table = message.blocks.iter().find_map(|b| b["rows"].as_array());
    let rows = table.into_iter().flatten().skip(1);
    rows.map(|row| {
        let link = &row[0]["elements"][0]["elements"][0];
        let id = link["text"].as_str().and_then(|id| id.parse().ok());
        let id = id.expect("an id is a number");
        let page = format!("https://app.smartlead.ai/app/email-account/{id}/error-state");
        assert_eq!(link["url"], page);
        id
    })
    .collect()
}

/// The longer of the two ways to count characters.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The texts of two accounts, and behind the sixth separator what a file holds already.
pub fn csv(input: &[u8]) {
    let separators = input.iter().enumerate();
    let separators = separators.filter(|(_, byte)| **byte == SEPARATOR);
    let end = separators.map(|(at, _)| at).nth(5).unwrap_or(input.len());
    let (texts, held) = input.split_at(end);
    let held = held.strip_prefix(&[SEPARATOR]).unwrap_or_default();

    let transitions = transitions(accounts(2, &fields(texts)));
    let lines = transitions.iter().map(|t| audit::line(t, &run_id(), at()));
    let lines: Vec<_> = lines.collect();
    for line in &lines {
        assert_cells(cells(line).iter().map(String::as_str));
    }
    let [left, new] = &lines[..] else {
        panic!("two accounts make {} lines", lines.len());
    };
    // As another program left it, as it was started by ours, and with a line of ours that was torn.
    let ours = format!("{HEADER}\r\n").into_bytes();
    let torn = &left.line.as_bytes()[..held.len() % left.line.len()];
    for before in [
        held.to_vec(),
        [&ours, held].concat(),
        [&ours, torn].concat(),
        [&ours, held, b"\r\n", torn].concat(),
    ] {
        assert_appended(&before, left, new);
    }
}

/// Holds a row against what a spreadsheet would make of it.
pub fn assert_cells<'a>(cells: impl Iterator<Item = &'a str>) {
    let mut count = 0;
    for cell in cells {
        assert!(!cell.contains(is_harmful), "{cell:?}");
        let formula = cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        assert!(!formula || cell.parse::<i64>().is_ok(), "{cell:?} is run");
        assert!(
            cell.chars().count() <= 32_767,
            "a spreadsheet would break it"
        );
        count += 1;
    }
    assert_eq!(count, HEADER.split(',').count());
}

/// The one record that a line is.
fn cells(line: &AuditLine) -> Vec<String> {
    let mut records = records(line.line.as_bytes());
    assert_eq!(records.len(), 1, "{line:?}");
    records.remove(0)
}

/// What a CSV reader makes of a file. Bytes that are not UTF-8 are none of ours.
fn records(file: &[u8]) -> Vec<Vec<String>> {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(file);
    let records = reader.into_byte_records().map(|record| {
        let record = record.expect("memory can be read");
        let cells = record.iter().map(String::from_utf8_lossy);
        cells.map(std::borrow::Cow::into_owned).collect()
    });
    records.collect()
}

/// Appends to a file that holds `before`: nothing of it is lost, and every line becomes a record.
fn assert_appended(before: &[u8], left: &AuditLine, new: &AuditLine) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let theirs = folder
        .path()
        .join(format!("disconnections_{}.csv", new.month));
    fs::write(&theirs, before).expect("a file can be written");
    let trail = AuditTrail::open(folder.path()).expect("the folder can be written to");
    let append = |left: &[AuditLine], new: &[AuditLine]| {
        let path = trail
            .append(left, new.iter().cloned())
            .expect("the file can be written");
        read(&path.expect("there was something to write"))
    };
    let after = append(std::slice::from_ref(left), std::slice::from_ref(new));
    let found = records(&after);
    let seen = || String::from_utf8_lossy(&after).into_owned();
    // Somebody's editor may have left blanks behind it.
    let first = found.first().map(|record| record.join(","));
    assert_eq!(first.as_deref().map(str::trim_end), Some(HEADER));
    assert_eq!(found.last(), Some(&cells(new)), "glued: {}", seen());
    let line_is_there = before
        .split(|byte| *byte == b'\n')
        .any(|line| line.trim_ascii_end() == left.line.as_bytes());
    assert!(line_is_there || found.contains(&cells(left)), "{}", seen());

    // A header that was torn is written anew, and so is half a character cut.
    let kept = read(&theirs);
    let last = before.rsplit(|byte| *byte == b'\n').next();
    let last = last.unwrap_or_default();
    let half = match std::str::from_utf8(last) {
        Err(error) if error.error_len().is_none() => last.len() - error.valid_up_to(),
        _ => 0,
    };
    let whole = before.len() - half;
    let torn_header = format!("{HEADER}\r\n").as_bytes().starts_with(before);
    assert!(
        torn_header || kept.starts_with(&before[..whole]),
        "{}",
        seen()
    );

    let again = append(&[left.clone(), new.clone()], &[]);
    assert_eq!(again, after, "a line is written once");
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("the file can be read")
}
