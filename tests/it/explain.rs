//! The command that says what error texts mean.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Ran, monitor};

const REFUSED: &str = "535 5.7.8 Username and Password not accepted";
const REFUSED_REMEDY: &str = "Enter the current user name and password, then reconnect.";

/// Runs it with `input`, without any setting, in an empty folder that stays empty.
fn explain(arguments: &[&str], input: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut child = monitor(folder.path())
        .arg("explain")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = std::thread::spawn(move || {
        // It need not read to the end where it was given a text.
        let _ = stdin.write_all(&input);
    });
    let ran = Ran::from(child.wait_with_output().unwrap());
    writing.join().unwrap();
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    ran
}

fn objects(ran: &Ran) -> Vec<Value> {
    let lines = ran.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_text_is_explained_in_three_lines() {
    let ran = explain(&[REFUSED], b"").assert(0);
    assert_eq!(ran.stderr, "");
    assert_eq!(
        ran.stdout,
        format!("class   bad_password\nowner   mailbox_owner\nremedy  {REFUSED_REMEDY}\n")
    );
    // A text may begin like an option.
    let ran = explain(&["-ERR [AUTH] Authentication failed."], b"").assert(0);
    assert!(
        ran.stdout.starts_with("class   bad_password\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_text_is_explained_as_json() {
    let ran = explain(&["--json", "connect ETIMEDOUT 203.0.113.5:465"], b"").assert(0);
    assert_eq!(
        ran.stdout,
        "{\"class\":\"connect_timeout\",\"owner\":\"provider_wait\",\
         \"remedy\":\"Wait, then check host, port and firewall.\",\"transience\":\"transient\"}\n"
    );
}

#[test]
fn each_line_of_input_has_its_line() {
    let input = format!("{REFUSED}\r\n\nNO [OVERQUOTA] Mailbox is full\nno such thing");
    let ran = explain(&[], input.as_bytes()).assert(0);
    assert_eq!(ran.stderr, "");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let refused = format!("bad_password\tmailbox_owner\t{REFUSED_REMEDY}");
    let unknown = "unknown\tagency_ops\tRead the text and test the mailbox by hand.";
    let full = "quota_full\tmailbox_owner\tFree space or buy storage.";
    assert_eq!(lines, [refused.as_str(), unknown, full, unknown]);
    assert_eq!(explain(&[], b"").assert(0).stdout, "");
}

#[test]
fn objects_are_answered_by_objects_and_the_rest_by_an_error_in_its_place() {
    let input = [
        r#"{"text":"NO [LIMIT] Rate limit hit","link":"IMAP","provider":"yahoo"}"#,
        r#"{"text":"status 503","link":"oauth","provider":null}"#,
        r#"{"text":"status 503","link":"pop3"}"#,
        "535 5.7.8 no object",
        "",
        r#"{"link":"smtp"}"#,
        r#"{"text":7}"#,
        r#"{"text":"status 503","link":["oauth"],"provider":7,"more":true}"#,
    ];
    let ran = explain(&["--json"], input.join("\n").as_bytes()).assert(2);
    let found: Vec<Value> = objects(&ran)
        .into_iter()
        .enumerate()
        .map(|(index, mut object)| match object["error"].take() {
            Value::String(error) => {
                let begins = format!("line {}: not an object with a text: ", index + 1);
                assert!(error.starts_with(&begins), "{error}");
                assert!(
                    ran.stderr.contains(&format!("monitor: {error}\n")),
                    "{}",
                    ran.stderr
                );
                json!(null)
            }
            _ => object["class"].take(),
        })
        .collect();
    assert_eq!(
        json!(found),
        json!([
            "throttled",
            "provider_outage",
            "unknown",
            null,
            null,
            null,
            null,
            "unknown"
        ])
    );
    assert_eq!(ran.stderr.lines().count(), 4);
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let ran = explain(&[], b"\xff\xfe 535 5.7.8 \x80\n\0\n").assert(0);
    let classes: Vec<_> = ran
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(classes, ["bad_password", "unknown"]);
    let ran = explain(&["--json"], b"{\"text\":\"\xff 535 5.7.8\"}\n").assert(0);
    assert_eq!(objects(&ran)[0]["class"], "bad_password");
}

#[test]
fn a_megabyte_in_a_line_is_a_line() {
    let mut input = b"a ".repeat(1 << 19);
    input.extend(b"mailbox is full\nEAUTH\n");
    let ran = explain(&[], &input).assert(0);
    assert_eq!(ran.stdout.lines().count(), 2);
    assert!(ran.stdout.starts_with("quota_full\t"), "{}", ran.stdout);
}

/// For a program that asks one text after the other, and waits for each answer.
#[test]
fn a_line_is_answered_before_the_next_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = monitor(folder.path())
        .args(["explain", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for (text, class) in [(REFUSED, "bad_password"), ("mailbox is full", "quota_full")] {
        writeln!(stdin, "{}", json!({ "text": text })).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["class"], class);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_goes_away_is_no_error_but_a_full_disk_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = monitor(folder.path())
        .arg("explain")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let line = format!("{REFUSED}\n").repeat(100_000);
    let _ = stdin.write_all(line.as_bytes());
    drop(stdin);
    let ran = Ran::from(child.wait_with_output().unwrap()).assert(0);
    assert_eq!(ran.stderr, "");

    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut child = monitor(folder.path())
        .arg("explain")
        .stdin(Stdio::piped())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    let ran = Ran::from(child.wait_with_output().unwrap()).assert(1);
    assert!(
        ran.stderr.contains("the output cannot be written"),
        "{}",
        ran.stderr
    );
}
