//! What is down: looking at what is on record.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::store::{LEGACY_POSTGRES, LEGACY_SQLITE};
use crate::support::slack::error_code;
use crate::support::smartlead::{
    both_down, fleet, healthy, imap_down, raw_response, smtp_down, with,
};
use crate::support::{Engine, Ran, World, monitor, on_every_engine};

/// What a command prints that has nothing to complain about.
pub fn print(world: &World, arguments: &[&str]) -> String {
    let ran = world.run(arguments).assert(0);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

pub fn print_json(world: &World, arguments: &[&str]) -> Value {
    serde_json::from_str(&print(world, arguments)).unwrap()
}

/// The ids of the accounts that `monitor status` shows.
fn shown(world: &World, filters: &[&str]) -> Vec<i64> {
    let ran = world
        .run(&[&["status", "--json"], filters].concat())
        .assert(0);
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    let accounts = status["accounts"].as_array().unwrap().iter();
    accounts
        .map(|account| account["account_id"].as_i64().unwrap())
        .collect()
}

fn records(csv: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.records().map(Result::unwrap).collect()
}

on_every_engine! {
    fn what_is_down_is_shown_after_a_check(world) {
        world.smartlead.set_fleet(fleet(250, [smtp_down(7), imap_down(120), both_down(249)]));
        world.run(&[]).assert(0);
        world.slack.posts();
        let text = print(&world, &["status"]);
        for words in [
            "3 accounts are down.\n",
            "BOTH  dana249@outreach-one.example  249  2",
            "SMTP  dana7@outreach-one.example    7    2",
            "IMAP  dana120@outreach-one.example  120  2",
            "  OUTLOOK  77      pool-a  told   password refused: 535 login rejected\n",
            "password refused: SMTP: 535 login rejected; IMAP: NO [AUTHENTICATIONFAILED]\n",
            "By kind    BOTH: 1, IMAP: 1, SMTP: 1\nBy cause   password refused: 3\nBy type    OUTLOOK: 3\nBy client  77: 3\n",
            " min ago): complete, 250 accounts seen, 3 new, 0 reconnected.\n",
        ] {
            assert!(text.contains(words), "{words:?} is not in:\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "colours in a pipe");

        let status = print_json(&world, &["status", "--json"]);
        assert_eq!(status["is_current"], true);
        assert_eq!(status["last_check"]["run_id"], world.state()["run_id"]);
        assert_eq!(status["as_of"], world.state()["started_at"]);
        assert_eq!(status["totals"]["kind"][0], json!({"name": "BOTH", "count": 1}));
        let rows = world.database.query(
            "select concat_ws('|', account_id, disconnection_type, from_email, account_type, tags, client_id, \
             message_per_day, daily_sent_count, campaign_count, smtp_error, imap_error) \
             from disconnected_accounts where is_active order by disconnection_type, account_id");
        let fields = ["account_id", "disconnection_type", "from_email", "account_type", "tags", "client_id",
            "message_per_day", "daily_sent_count", "campaign_count", "smtp_error", "imap_error"];
        let mut accounts: Vec<String> = status["accounts"].as_array().unwrap().iter().map(|account| {
            assert_eq!(account["detected_at"], status["as_of"]);
            assert_eq!(account["told"], "yes");
            let cells = fields.iter().filter_map(|field| match &account[field] {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                Value::Array(tags) => Some(tags[0].as_str().unwrap().to_owned()),
                number => Some(number.to_string()),
            });
            cells.collect::<Vec<_>>().join("|")
        }).collect();
        accounts.sort_by_key(|row| row.split('|').nth(1).unwrap().to_owned());
        assert_eq!(accounts, rows);

        let csv = print(&world, &["status", "--csv"]);
        assert!(csv.starts_with("account_id,from_name,from_email,account_type,disconnection_type,tags,"), "{csv}");
        let cells: Vec<String> = records(&csv).iter().map(|record| format!("{} {}", &record[0], &record[4])).collect();
        assert_eq!(cells, ["249 BOTH", "7 SMTP", "120 IMAP"]);

        assert_eq!(world.slack.posts(), Vec::<Value>::new());
        assert_eq!(world.open(), ["7 SMTP told", "120 IMAP told", "249 BOTH told"]);
        assert_eq!(world.outcomes(), ["complete"]);
    }

    fn filters_may_be_repeated_and_combined(world) {
        let gmail = json!({"type": "GMAIL", "client_id": 5, "tags": [{"tag_name": "Warm"}, {"tag_name": "pool-b"}]});
        let none = json!({"client_id": null, "tags": []});
        world.smartlead.set_fleet(fleet(20, [
            smtp_down(3), with(imap_down(4), gmail.clone()), with(both_down(5), gmail), with(smtp_down(6), none),
        ]));
        world.run(&[]).assert(0);
        for (filters, ids) in [
            (&[][..], &[5, 3, 6, 4][..]),
            (&["--kind", "smtp"], &[3, 6]),
            (&["--kind", "IMAP", "--kind", "Both"], &[5, 4]),
            (&["--type", "gmail"], &[5, 4]),
            (&["--type", "gmail", "--kind", "smtp"], &[]),
            (&["--tag", "WARM"], &[5, 4]),
            (&["--tag", "pool-a", "--tag", "pool-b", "--kind", "smtp"], &[3]),
            (&["--tag", "pool"], &[]),
            (&["--client", "5"], &[5, 4]),
            (&["--client", "(none)"], &[6]),
        ] {
            assert_eq!(shown(&world, filters), ids, "{filters:?}");
        }
        let text = print(&world, &["status", "--kind", "smtp", "--kind", "imap"]);
        assert!(text.contains("3 of the 4 accounts that are down match.") && text.contains("By kind    SMTP: 2, IMAP: 1\n"), "{text}");
        let text = print(&world, &["status", "--tag", "nosuch", "--client", "6"]);
        for words in [
            "None of the 4 accounts that are down match.\n",
            "Nothing that is down has --tag nosuch. There are: Warm, pool-b, (none), pool-a.\n",
            "Nothing that is down has --client 6. There are: 5, (none), 77.\n",
        ] {
            assert!(text.contains(words), "{words:?} is not in:\n{text}");
        }
        for format in ["--json", "--csv"] {
            let ran = world.run(&["status", format, "--tag", "nosuch"]).assert(0);
            assert!(ran.stderr.contains(" WARN Nothing that is down has --tag nosuch."), "{}", ran.stderr);
            assert!(!ran.stdout.contains("Nothing"), "{}", ran.stdout);
        }
    }

    fn an_incident_is_shown_by_its_number(world) {
        let full = with(smtp_down(40), json!({"type": "GMAIL", "smtp_failure_error": "552 5.2.2 Mailbox full"}));
        world.smartlead.set_fleet(fleet(60, (1..=30).map(smtp_down).chain([full])));
        world.run(&[]).assert(0);
        let text = print(&world, &["status", "--incident", "1"]);
        assert!(text.starts_with("Incident 1: password refused, on domain outreach-one.example, since 2"), "{text}");
        assert!(text.contains(" UTC (0 min). 30 of its 30 accounts are still down.\n\nKIND "), "{text}");
        assert!(!text.contains("dana40@") && text.contains("\nBy cause   password refused: 30\n"), "{text}");
        let status = print_json(&world, &["status", "--json", "--incident", "1"]);
        assert_eq!((status["down"].as_u64(), status["accounts"].as_array().unwrap().len()), (Some(31), 30));
        for (field, value) in [("id", json!(1)), ("cause", json!("bad_password")), ("scope", json!("domain")),
            ("scope_value", json!("outreach-one.example")), ("opened_at", status["as_of"].clone()),
            ("closed_at", Value::Null), ("accounts", json!(30)), ("down", json!(30))] {
            assert_eq!(status["incident"][field], value, "{field}");
        }
        let csv = print(&world, &["status", "--csv"]);
        let cells = records(&csv).into_iter().map(|r| [&r[16], &r[17], &r[18]].join(" ")).collect::<Vec<_>>();
        assert_eq!(cells.iter().filter(|cells| *cells == "bad_password incident 1").count(), 30);
        assert_eq!(cells.iter().filter(|cells| *cells == "quota_full alert ").count(), 1);

        assert_eq!(shown(&world, &["--cause", "QUOTA_full"]), [40]);
        assert_eq!(shown(&world, &["--cause", "quota_full", "--cause", "bad_password"]).len(), 31);
        let text = print(&world, &["status", "--incident", "1", "--cause", "quota_full"]);
        assert!(text.contains(" accounts are still down.\nNone of the 31 accounts that are down match.\n"), "{text}");
        let text = print(&world, &["status", "--cause", "dns"]);
        assert!(text.contains("Nothing that is down has --cause dns. There are: bad_password, quota_full.\n"), "{text}");

        world.smartlead.set_fleet(fleet(60, [smtp_down(1), smtp_down(30)]));
        world.run(&[]).assert(0);
        let text = print(&world, &["status", "--incident", "1"]);
        assert!(text.starts_with("Incident 1 is over: ") && text.contains(" 2 of its 30 accounts are still down.\n"), "{text}");
        assert_eq!(shown(&world, &["--incident", "1"]), [1, 30]);
        let past = print_json(&world, &["history", "--json"]);
        assert_eq!(past["cycles"].as_array().unwrap().iter().filter(|cycle| cycle["incident"] == 1).count(), 30);

        let note = "There is no incident 9. There are: 1 (over).";
        assert!(print(&world, &["status", "--incident", "9"]).contains(note));
        let ran = world.run(&["status", "--csv", "--incident", "9"]).assert(0);
        assert!(ran.stderr.contains(note) && ran.stdout.lines().count() == 1, "{}{}", ran.stderr, ran.stdout);
    }

    fn an_incident_stays_on_record_while_something_of_it_is_down(world) {
        world.smartlead.set_fleet(fleet(60, (1..=30).map(smtp_down)));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(60, [smtp_down(1)]));
        world.run(&[]).assert(0);
        let long_ago = "'2020-01-01T00:00:00+00:00'";
        world.database.execute(&format!("update incidents set closed_at = {long_ago}"));
        world.database.execute(&format!(
            "insert into incidents (id, cause, opened_at, check_run_id, closed_at, close_told_at) \
             values (2, 'dns', {long_ago}, 'x', {long_ago}, {long_ago})"));
        let numbers = || world.database.query("select id || '' from incidents order by id");
        world.run(&[]).assert(0);
        assert_eq!(numbers(), ["1", "2"]);
        world.smartlead.set_fleet(fleet(60, []));
        world.run(&[]).assert(0);
        assert_eq!(numbers(), ["2"], "the last one keeps its number");
    }

    fn what_waits_for_another_check_is_unconfirmed(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        let twice = [("CONFIRM_CHECKS", "2")];
        for (told_as, told, alert) in [(Value::Null, "no", "unconfirmed"), (json!("alert"), "yes", "told")] {
            world.run_with(&[], &twice).assert(0);
            let account = &print_json(&world, &["status", "--json"])["accounts"][0];
            assert_eq!((&account["told_as"], &account["told"]), (&told_as, &json!(told)));
            let text = print(&world, &["status"]);
            assert!(text.starts_with("1 account is down.\n\n") && text.contains(&format!("  {alert}  ")), "{text}");
        }
    }

    fn what_slack_was_not_told_is_untold(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.slack.refuse("is_archived");
        world.run(&[]).assert(3);
        let untold = print(&world, &["status"]);
        assert!(untold.contains("\n1 untold: the next check tells Slack.\n"), "{untold}");
        assert!(untold.contains("complete, but an alert is untold, 20 accounts seen, 1 new") && untold.contains("\n  Slack "), "{untold}");
        assert_eq!(print_json(&world, &["status", "--json"])["accounts"][0]["told"], "no");

        world.slack.set_lost(|_, _| Some(error_code("internal_error")));
        world.run(&[]).assert(3);
        let perhaps = print(&world, &["status"]);
        assert!(perhaps.contains("\n1 perhaps told: the next check"), "{perhaps}");
        assert_eq!(print_json(&world, &["status", "--json"])["accounts"][0]["told"], "perhaps");

        world.slack.heal();
        world.run(&[]).assert(0);
        let told = print(&world, &["status"]);
        assert!(told.contains("1 account is down.\n\n") && told.contains("  told   password refused: 535"), "{told}");
    }

    fn after_a_failed_check_it_is_said_how_old_the_news_is(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.run(&[]).assert(0);
        let as_of = world.state()["started_at"].clone();
        world.smartlead.set_fault(|_| Some(raw_response(502, "text/html", "<html>")));
        world.run(&[]).assert(1);
        let text = print(&world, &["status"]);
        for words in ["1 account is down.", " min ago): failed.\n  Smartlead's v1 listing", "HTTP 502",
            "The last check could not read the fleet. What is shown is as of 2"] {
            assert!(text.contains(words), "{words:?} is not in:\n{text}");
        }
        let ran = world.run(&["status", "--json"]).assert(0);
        assert!(ran.stderr.contains(" WARN The last check could not read the fleet."), "{}", ran.stderr);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&status["is_current"], &status["as_of"]), (&json!(false), &as_of));
        assert_eq!(status["last_check"]["outcome"], "failed");

        world.smartlead.heal();
        world.smartlead.set_fleet(fleet(20, []));
        world.run(&[]).assert(0);
        assert!(print(&world, &["status"]).starts_with("No account is down.\n\nLast check "));
        let hours_ago = (chrono::Utc::now() - chrono::TimeDelta::minutes(330)).to_rfc3339();
        world.database.execute(&format!("update check_runs set started_at = '{hours_ago}'"));
        let text = print(&world, &["status"]);
        assert!(text.starts_with("No account is on record as down.\n") && text.contains("No check has run for 5 h 3"), "{text}");
    }

    fn a_database_without_a_check_is_empty_and_stays_so(world) {
        for arguments in [&["status"][..], &["history"]] {
            let text = print(&world, arguments);
            let place = if world.database.engine() == Engine::Sqlite { "SQLite file /" } else { "Postgres database \"test_" };
            assert!(text.starts_with(&format!("No check has run yet on {place}")), "{text}");
            assert!(text.contains("monitor --dry-run") && text.contains("DATABASE_URL"), "{text}");
        }
        let ran = world.run(&["status", "--json"]).assert(0);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(status["last_check"], Value::Null);
        assert_eq!(status["accounts"], json!([]));
        assert_eq!(records(&world.run(&["status", "--csv"]).assert(0).stdout).len(), 0);
        assert_eq!(print_json(&world, &["history", "--json"])["total"], 0);
        assert_eq!(std::fs::read_dir(world.folder()).unwrap().count(), 0, "a file was made");
        if world.database.engine() != Engine::Sqlite {
            let tables = world.database.query("select tablename::text from pg_tables where schemaname = 'public'");
            assert_eq!(tables, Vec::<String>::new());
        }
    }

    fn a_database_of_a_newer_monitor_is_refused(world) {
        world.run(&[]).assert(0);
        world.database.execute("insert into monitor_schema (version, name) values (9999, 'later')");
        for arguments in [&["status"][..], &["status", "--json"], &["history"]] {
            let ran = world.run(arguments).assert(1);
            assert_eq!(ran.stdout, "");
            assert!(ran.stderr.starts_with("monitor: ") && ran.stderr.contains("schema has version 9999"), "{}", ran.stderr);
            assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        }
    }

    fn the_table_of_the_python_version_is_shown_and_left_as_it_is(world) {
        let sqlite = world.database.engine() == Engine::Sqlite;
        world.database.execute(if sqlite { LEGACY_SQLITE } else { LEGACY_POSTGRES });
        world.database.execute(
            "insert into disconnected_accounts (account_id, from_name, from_email, account_type, disconnection_type, tags, \
             detected_at, resolved_at, is_active) values \
             (7, 'Dana', 'dana@one.example', 'GMAIL', 'BOTH', 'pool-a, warm', '2024-01-20 14:05:00', null, true), \
             (8, 'Ev', 'ev@two.example', 'GMAIL', 'smtp', '', '2024-01-20 14:05:00', '2024-01-21 14:05:00', false)");
        let text = print(&world, &["status"]);
        for words in ["1 account is down.\n", "BOTH  dana@one.example  7   2024-01-20 14:05 (", "No check of this program has run yet on "] {
            assert!(text.contains(words), "{words:?} is not in:\n{text}");
        }
        let past = print_json(&world, &["history", "--since", "2024-01-01", "--json"]);
        assert_eq!(past["total"], 2);
        assert_eq!(past["time_to_reconnect"], json!({"disconnections": 1, "mean_seconds": 86_400, "median_seconds": 86_400}));
        let query = if sqlite {
            "select name from sqlite_master where name = 'check_runs'"
        } else {
            "select tablename::text from pg_tables where tablename = 'check_runs'"
        };
        assert_eq!(world.database.query(query), Vec::<String>::new(), "it was changed");
    }

    fn hostile_text_is_only_text(world) {
        let texts = ["=HYPERLINK(\"http://evil.example\")", "\u{1b}]0;title\u{7}\u{1b}[31mred", "\u{202e}moc.evil\u{2066}",
            "two\r\nlines\u{2028}and\u{85}more", "\u{9b}31m c1", "nul\u{0}?"];
        let long = ["x", "😀", "日 "].map(|text| text.repeat(10_000));
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).chain(long).collect();
        // As the program records them, and as whoever else may have.
        let down = (1..).zip(&texts).map(|(id, text)| with(both_down(id), json!({
            "from_name": text, "from_email": text, "type": text, "tags": [{"tag_name": text}],
            "smtp_failure_error": format!("{text} password=planted"), "imap_failure_error": text})));
        world.smartlead.set_fleet(fleet(40, down));
        world.run(&[]).assert(0);
        for text in &texts {
            let text = text.replace('\0', "").replace('\'', "''");
            world.database.execute(&format!(
                "insert into disconnected_accounts (account_id, from_name, from_email, account_type, disconnection_type, tags, \
                 smtp_error, detected_at, check_run_id) select max(account_id) + 1, '{text}', '{text}', '{text}', 'SMTP', '{text}', \
                 '{text}', max(detected_at), 'x' from disconnected_accounts"));
        }
        let is_harmful = |c: char| c != '\n' && c.is_control() || matches!(c, '\u{202e}' | '\u{2066}' | '\u{2028}');
        for arguments in [&["status"][..], &["status", "--json"], &["status", "--csv"], &["history"], &["history", "--json"]] {
            let text = print(&world, arguments);
            assert!(!text.contains(is_harmful), "{arguments:?}");
            assert!(!text.contains("planted"), "{arguments:?}");
        }
        assert_eq!(shown(&world, &[]).len(), 2 * texts.len());
        assert_eq!(print(&world, &["status"]).lines().filter(|line| line.starts_with("SMTP ")).count(), texts.len());
        for record in records(&print(&world, &["status", "--csv"])) {
            assert!(record.iter().all(|cell| !cell.starts_with(['=', '@', '\t'])), "{record:?}");
        }
        let ran = world.run(&["status", "--tag", "\u{1b}[31mno"]).assert(0);
        assert!(!ran.stdout.contains('\u{1b}') && ran.stdout.contains("has --tag [31mno."), "{}", ran.stdout);
    }
}

#[test]
fn only_the_settings_of_the_database_are_needed() {
    let world = World::any();
    let look = |settings: &[(&str, &str)]| {
        let mut command = monitor(world.folder());
        command.arg("status").envs(settings.iter().copied());
        Ran::from(command.output().unwrap())
    };
    let ran = look(&[]).assert(0);
    assert!(
        ran.stdout.contains("SQLite file state/monitor.db."),
        "{}",
        ran.stdout
    );
    look(&[("PAGE_SIZE", "many")]).assert(0);
    let ran = look(&[("DATABASE_URL", "mysql://x")]).assert(2);
    assert!(
        ran.stderr.starts_with("monitor: 1 setting to correct"),
        "{}",
        ran.stderr
    );
    let ran = look(&[("DATABASE_URL", "postgres://u:p4ssw0rd@127.0.0.1:9/db")]).assert(1);
    assert!(
        ran.stderr
            .starts_with("monitor: Postgres database \"db\" at 127.0.0.1:9"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("p4ssw0rd"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_shown_is_refused_with_what_can() {
    let world = World::any();
    for (arguments, words) in [
        (
            &["status", "--kind", "pop3"][..],
            "possible values: both, smtp, imap",
        ),
        (
            &["status", "--cause", "gremlins"],
            "possible values: bad_password, app_password_required, ",
        ),
        (&["status", "--incident", "0"], "whole numbers, from 1 on"),
        (
            &["status", "--incident", "three"],
            "whole numbers, from 1 on",
        ),
        (&["status", "--json", "--csv"], "cannot be used with"),
        (&["status", "--format", "xml"], "unexpected argument"),
        (&["status", "--tag"], "a value is required"),
        (&["history", "--since", "soon"], "such as 12h, 30d or 2w"),
        (
            &["history", "--since", "99999999999999999999d"],
            "more than 100 years ago",
        ),
        (&["history", "--since", "36501d"], "more than 100 years ago"),
        (
            &["history", "--since", "2999-01-01"],
            "monitor: --since: it lies in the future",
        ),
        (&["history", "--limit", "many"], "invalid"),
    ] {
        let ran = world.run(arguments).assert(2);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let world = World::any();
    world
        .smartlead
        .set_fleet((1..=500).map(smtp_down).chain((501..1_200).map(healthy)));
    world.run(&[]).assert(0);
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["status", "--csv"],
        &["history"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = world.command(arguments, &[]);
        let output = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(Ran::from(output).assert(0).stderr, "");
    }
}

#[test]
fn a_terminal_gets_what_fits_it_and_colours_unless_they_are_unwanted() {
    let world = World::any();
    let named = |id| {
        with(
            smtp_down(id),
            json!({"from_email": format!("dana{id}@{}.example", "very-long".repeat(9))}),
        )
    };
    world.smartlead.set_fleet(fleet(
        20,
        [
            smtp_down(3),
            named(4),
            with(imap_down(5), json!({"tags": [{"tag_name": "日本語"}]})),
        ],
    ));
    world.run(&[]).assert(0);
    let utf8 = ("LANG", "C.UTF-8");
    for arguments in ["status", "history"] {
        for columns in [40, 120] {
            let plain = world.on_terminal(columns, arguments, &[("NO_COLOR", "1"), utf8]);
            assert!(!plain.contains('\u{1b}'), "{plain}");
            let widest = plain
                .lines()
                .map(|line| line.chars().count())
                .max()
                .unwrap();
            assert!(
                widest <= columns as usize && widest + 20 > columns as usize,
                "{columns}: {plain}"
            );
            assert_eq!(plain.contains('─'), columns == 120, "{plain}");
            let coloured = world.on_terminal(columns, arguments, &[utf8]);
            assert!(coloured.contains("\u{1b}[33mSMTP"), "{coloured:?}");
            assert!(
                world
                    .on_terminal(columns, arguments, &[("NO_COLOR", "1")])
                    .is_ascii()
            );
        }
    }
}
