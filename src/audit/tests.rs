use super::*;
use crate::domain::cause::Class;
use crate::domain::{Disconnection, Event, Kind, Mailbox, Told, Way};

fn at() -> DateTime<Utc> {
    "2026-11-21T14:05:00.25Z".parse().unwrap()
}

fn transition(name: &str) -> Transition {
    Transition {
        event: Event::Disconnected,
        disconnection: Disconnection {
            mailbox: Mailbox {
                id: 9_007_199_254_740_993,
                name: Some(name.into()),
                address: Some("dana@outreach-one.example".into()),
                account_type: Some("OUTLOOK".into()),
                tags: "pool-a, warm".into(),
                daily_cap: Some(40),
                sent_today: Some(17),
                campaigns: Some(3),
                client_id: Some(77),
            },
            kind: Kind::Smtp,
            smtp_error: Some("535 \"no\", again".into()),
            imap_error: None,
            detected_at: at(),
            missed_listings: 0,
            cause: Class::BadPassword,
            way: Way::Alert,
            told: Told::No,
        },
    }
}

fn made(name: &str) -> AuditLine {
    let run_id = RunId::new(at(), 0xabc123);
    line(&transition(name), &run_id, at())
}

fn append(trail: &AuditTrail, lines: &[AuditLine]) -> Result<Option<PathBuf>, AuditError> {
    trail.append(&[], lines.iter().cloned())
}

/// What a CSV reader makes of a file: the records after the header.
fn records(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(path)
        .unwrap();
    assert_eq!(reader.headers().unwrap().len(), 15);
    reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_line_has_every_column_in_its_place() {
    insta::assert_snapshot!(made("Dana, Ops").line, @r#"2026-11-21T14:05:00Z,20261121140500_abc123,9007199254740993,"Dana, Ops",dana@outreach-one.example,OUTLOOK,SMTP,"pool-a, warm",40,17,disconnected,77,"535 ""no"", again",,bad_password"#);
    assert_eq!(HEADER.split(',').count(), 15);
}

#[test]
fn what_is_absent_is_an_empty_cell() {
    let mut bare = transition("");
    bare.event = Event::Removed;
    bare.disconnection.mailbox = Mailbox::bare(-1);
    bare.disconnection.smtp_error = None;
    let run_id = RunId::new(at(), 1);
    let line = line(&bare, &run_id, at()).line;
    assert_eq!(
        line,
        "2026-11-21T14:05:00Z,20261121140500_000001,-1,,,,SMTP,,,,removed,,,,bad_password"
    );
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_neutralised() {
    for (name, expected) in [
        ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("\r=1", "'=1"),
        ("\u{200b}=1", "'=1"),
        (" \n =1", "'=1"),
        ("a=1", "a=1"),
        ("two\nlines", "two lines"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let trail = AuditTrail::open(folder.path()).unwrap();
        let path = append(&trail, &[made(name)]).unwrap().unwrap();
        assert_eq!(records(&path)[0][3], expected, "{name:?}");
    }
}

#[test]
fn rows_are_appended_under_one_header_in_the_file_of_their_month() {
    let folder = tempfile::tempdir().unwrap();
    let trail = AuditTrail::open(&folder.path().join("new").join("audit")).unwrap();
    let path = append(&trail, &[made("a"), made("b")]).unwrap().unwrap();
    append(&trail, &[made("c")]).unwrap();
    let december = AuditLine {
        month: "202612".to_owned(),
        ..made("d")
    };
    let other = append(&trail, &[december]).unwrap().unwrap();
    assert!(path.ends_with("disconnections_202611.csv"));
    assert!(other.ends_with("disconnections_202612.csv"));
    let names: Vec<_> = records(&path)
        .into_iter()
        .map(|record| record[3].clone())
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .starts_with(&format!("{HEADER}\r\n2026-"))
    );
    assert_eq!(append(&trail, &[]).unwrap(), None);
}

#[test]
fn a_torn_line_is_closed_and_the_row_written_again() {
    let whole = format!(
        "{HEADER}\r\n{}\r\n{}\r\n",
        made("a").line,
        made("b, \"Ünï 日本\"").line
    );
    let intact = HEADER.len() + 2 + made("a").line.len() + 2;
    for cut in 0..=whole.len() {
        let folder = tempfile::tempdir().unwrap();
        let trail = AuditTrail::open(folder.path()).unwrap();
        let path = folder.path().join("disconnections_202611.csv");
        fs::write(&path, &whole.as_bytes()[..cut]).unwrap();
        let committed = [made("a"), made("b, \"Ünï 日本\"")];
        trail.append(&committed, [made("c")].into_iter()).unwrap();

        let records = records(&path);
        let complete: Vec<_> = records.iter().filter(|record| record.len() == 15).collect();
        for (name, at_least) in [("a", 1), ("b, \"Ünï 日本\"", 1), ("c", 1)] {
            let found = records.iter().filter(|r| {
                r.len() == 15
                    && r[14] == "bad_password"
                    && r[3] == name
                    && r[12] == "535 \"no\", again"
            });
            assert_eq!(
                found.count(),
                at_least,
                "{name} after a cut at {cut}: {records:?}"
            );
        }
        assert!(
            complete.len() <= 4 && records.len() <= 4,
            "cut at {cut}: {records:?}"
        );
        if cut >= intact {
            assert!(
                fs::read(&path)
                    .unwrap()
                    .starts_with(&whole.as_bytes()[..intact])
            );
        }
    }
}

#[test]
fn what_another_program_wrote_in_another_encoding_is_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    let trail = AuditTrail::open(folder.path()).unwrap();
    let path = folder.path().join("disconnections_202611.csv");
    let mut before = format!("{HEADER}\r\n1,2,3,M").into_bytes();
    before.extend(b"\xfcller,\"a, b\",rest");
    fs::write(&path, &before).unwrap();
    append(&trail, &[made("a")]).unwrap();
    before.extend(format!("\r\n{}\r\n", made("a").line).bytes());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_with_another_header_is_left_alone_and_a_sibling_started() {
    let folder = tempfile::tempdir().unwrap();
    let trail = AuditTrail::open(folder.path()).unwrap();
    let theirs = folder.path().join("disconnections_202611.csv");
    let old = "timestamp,account_id,event\n2026-11-01,1,disconnected\n";
    fs::write(&theirs, old).unwrap();
    let path = append(&trail, &[made("a")]).unwrap().unwrap();
    append(&trail, &[made("b")]).unwrap();
    assert!(path.ends_with("disconnections_202611_2.csv"));
    assert_eq!(records(&path).len(), 2);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), old);
}

/// The header of files before the cause was known.
const WITHOUT_CAUSE: &str = "timestamp,check_run_id,account_id,from_name,from_email,account_type,\
disconnection_type,tags,message_per_day,daily_sent_count,event,client_id,smtp_error,imap_error";

#[test]
fn a_month_that_began_without_the_cause_goes_on_in_a_second_file() {
    let folder = tempfile::tempdir().unwrap();
    let trail = AuditTrail::open(folder.path()).unwrap();
    let before = "2026-11-20T14:05:00Z,20261120140500_abc123,7,,,,SMTP,,,,disconnected,,535,";
    let first = folder.path().join("disconnections_202611.csv");
    let old = format!("{WITHOUT_CAUSE}\r\n{before}\r\n");
    fs::write(&first, &old).unwrap();
    // It waited in the outbox when the column came.
    let waited = AuditLine {
        month: "202611".to_owned(),
        line: format!("{},", before.replace(",7,", ",8,")),
    };
    let second = trail.append(&[waited], [made("a")].into_iter()).unwrap();
    let second = second.unwrap();
    assert!(second.ends_with("disconnections_202611_2.csv"));
    assert_eq!(fs::read_to_string(&first).unwrap(), old);
    let records = records(&second);
    let causes: Vec<[&str; 2]> = records.iter().map(|r| [&*r[2], &*r[14]]).collect();
    assert_eq!(causes, [["8", ""], ["9007199254740993", "bad_password"]]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = AuditTrail::open(&file.join("audit"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("file/audit") && error.ends_with("Check CSV_DIR"),
        "{error}"
    );
}

#[test]
fn lines_that_another_run_got_there_meanwhile_are_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let trail = AuditTrail::open(folder.path()).unwrap();
    let [a, b, c] = ["a", "b", "c"].map(made);
    let path = append(&trail, &[a.clone(), b.clone()]).unwrap().unwrap();
    append(&trail, &[a, b, c]).unwrap();
    let names: Vec<String> = records(&path)
        .into_iter()
        .map(|mut r| r.swap_remove(3))
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
}
