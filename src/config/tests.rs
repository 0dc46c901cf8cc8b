use std::collections::HashMap;
use std::path::Path;

use super::*;

const NEEDED: [(&str, &str); 3] = [
    ("SMARTLEAD_API_KEY", "key-1"),
    ("SLACK_BOT_TOKEN", "xoxb-1"),
    ("SLACK_CHANNEL_ID", "C0123"),
];

fn read(extra: &[(&str, &str)]) -> Result<Settings, BadSettings> {
    let values: HashMap<&str, &str> = NEEDED.into_iter().chain(extra.iter().copied()).collect();
    Settings::read(|name| values.get(name).map(|value| (*value).to_owned()))
}

fn fault(extra: &[(&str, &str)]) -> String {
    match read(extra) {
        Ok(_) => panic!("{extra:?} was taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let settings = read(&[]).unwrap();
    let limit = settings.common.policy.rate_limit.unwrap();
    assert_eq!(
        settings.smartlead.base_url.as_str(),
        "https://server.smartlead.ai/"
    );
    assert_eq!(settings.slack.base_url.as_str(), "https://slack.com/api");
    assert_eq!(
        (settings.smartlead.page_size, settings.smartlead.in_flight),
        (100, 4)
    );
    assert_eq!(
        (limit.requests.get(), limit.period),
        (10, Duration::from_secs(2))
    );
    assert_eq!(settings.common.policy.max_attempts, 3);
    assert_eq!(settings.common.policy.retry_base, Duration::from_secs(2));
    assert_eq!(
        settings.common.policy.request_timeout,
        Duration::from_secs(30)
    );
    assert_eq!(settings.common.run_timeout, Duration::from_secs(540));
    assert_eq!(settings.common.retention, TimeDelta::days(30));
    assert_eq!(settings.common.database_timeout, Duration::from_secs(60));
    assert_eq!(settings.common.error_reminder, TimeDelta::hours(6));
    assert_eq!(
        settings.database.to_string(),
        "SQLite file state/monitor.db"
    );
    assert_eq!(settings.common.csv_dir, Path::new("./audit_logs"));
    assert_eq!(
        settings.common.state_file,
        Path::new("./state/last_check.json")
    );
    assert_eq!(
        settings.common.log_file.as_deref(),
        Some(Path::new("./smartlead_monitor.log"))
    );
}

#[test]
fn all_faults_are_told_at_once_each_by_its_name() {
    let error = Settings::read(|name| match name {
        "SLACK_BOT_TOKEN" => Some("xoxp-user-token".to_owned()),
        "SLACK_CHANNEL_ID" => Some("alerts".to_owned()),
        "DATABASE_URL" => Some("mysql://root:hunter2@db/x".to_owned()),
        "PAGE_SIZE" => Some("101".to_owned()),
        "SMARTLEAD_ENDPOINT" => Some("v2".to_owned()),
        "SMARTLEAD_BASE_URL" => Some("http://example.com".to_owned()),
        _ => None,
    });
    let error = error.err().unwrap().to_string();
    assert!(
        !error.contains("user-token") && !error.contains("hunter2"),
        "{error}"
    );
    insta::assert_snapshot!(error);
}

#[test]
fn a_variable_set_to_nothing_counts_as_missing_but_turns_the_log_file_off() {
    assert!(fault(&[("SLACK_BOT_TOKEN", " ")]).contains("SLACK_BOT_TOKEN: is missing"));
    assert!(read(&[("LOG_FILE", "")]).unwrap().common.log_file.is_none());
    assert_eq!(read(&[("PAGE_SIZE", "")]).unwrap().smartlead.page_size, 100);
}

#[test]
fn a_bearer_token_stands_in_for_the_key_except_on_v1() {
    let bearer = ("SMARTLEAD_BEARER_TOKEN", "eyJ");
    assert!(read(&[("SMARTLEAD_API_KEY", ""), bearer]).is_ok());
    let v1 = ("SMARTLEAD_ENDPOINT", "v1");
    assert!(fault(&[("SMARTLEAD_API_KEY", ""), bearer, v1]).contains("SMARTLEAD_API_KEY"));
}

#[test]
fn no_requests_a_window_means_no_limit() {
    assert_eq!(
        read(&[("RATE_LIMIT_REQUESTS", "0")])
            .unwrap()
            .common
            .policy
            .rate_limit,
        None
    );
}

#[test]
fn a_limit_under_which_nothing_fits_into_a_run_is_refused_with_the_arithmetic() {
    let slow = |requests, period, timeout| {
        [
            ("RATE_LIMIT_REQUESTS", requests),
            ("RATE_LIMIT_PERIOD_SECS", period),
            ("RUN_TIMEOUT_SECS", timeout),
        ]
    };
    assert!(
        fault(&slow("1", "300", "300")).ends_with(
            "RATE_LIMIT_REQUESTS: 1 in 300 s is too slow: the smallest listing is 2 requests, which \
             take 5 min 5 s, but RUN_TIMEOUT_SECS=300 leaves 4 min 30 s for them; allow more \
             requests, or set RUN_TIMEOUT_SECS=360 or more"
        ),
        "{}",
        fault(&slow("1", "300", "300"))
    );
    for (requests, period, timeout) in [
        ("1", "300", "360"),
        ("10", "2", "1"),
        ("0", "3600", "1"),
        ("1", "3600", "86400"),
    ] {
        assert!(read(&slow(requests, period, timeout)).is_ok());
    }
    // What is malformed is named alone.
    let malformed = fault(&slow("1", "300", "soon"));
    assert!(!malformed.contains("RATE_LIMIT"), "{malformed}");
}

#[test]
fn values_at_the_edge_and_beyond() {
    for (name, good, bad) in [
        ("PAGE_SIZE", "1", "0"),
        ("MAX_CONCURRENT_REQUESTS", "64", "65"),
        ("MAX_ATTEMPTS", "1", "0"),
        ("RETRY_BASE_MS", "1", "-1"),
        ("REQUEST_TIMEOUT_SECS", "1", "1.5"),
        ("RUN_TIMEOUT_SECS", "1", "0"),
        ("RETENTION_DAYS", "36500", "99999999999999999999"),
        ("RATE_LIMIT_PERIOD_SECS", "1", "two"),
        ("SLACK_CHANNEL_ID", "#alerts", "#"),
        ("SLACK_CHANNEL_ID", "G0X", "C 1"),
        ("SLACK_BASE_URL", "http://127.0.0.1:9", "ftp://slack.com"),
        (
            "SLACK_BASE_URL",
            "http://localhost:9/api",
            "https://slack.com/?x=1",
        ),
        ("SMARTLEAD_API_KEY", "a-b_c", "a b"),
        ("DATABASE_URL", "postgres://u:p@h/d", "postgres://u:p@h:x/d"),
        ("DATABASE_URL", "sqlite:some/file.db", "sqlite::memory:"),
        (
            "HEARTBEAT_URL",
            "https://hc-ping.com/x?create=1",
            "hc-ping.com/x",
        ),
        (
            "HEARTBEAT_URL",
            "http://kuma.lan/api/push/t?msg=OK",
            "ftp://kuma.lan/x",
        ),
    ] {
        assert!(read(&[(name, good)]).is_ok(), "{name}={good}");
        assert!(
            fault(&[(name, bad)]).contains(&format!("{name}: ")),
            "{name}={bad}"
        );
    }
}

#[test]
fn every_secret_is_known_to_the_redactor() {
    let url = "postgres://u:p%40ss-w0rd@db.example/x";
    let settings = read(&[
        ("DATABASE_URL", url),
        ("SMARTLEAD_BEARER_TOKEN", "jwt-secret"),
        ("HEARTBEAT_URL", "https://hc-ping.com/0f12-uuid"),
    ])
    .unwrap();
    let text = format!("key-1 jwt-secret {url} p@ss-w0rd p%40ss-w0rd /0f12-uuid/start end");
    assert_eq!(
        settings.common.redactor.redact(&text),
        "[redacted] [redacted] [redacted] [redacted] [redacted] /[redacted]/start end"
    );
}

#[test]
fn a_line_of_the_env_file_that_cannot_be_read_is_named_but_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(
        &path,
        "A=1\n# note\nSLACK_BOT_TOKEN=xoxb-secret 'and more\nB=2\n",
    )
    .unwrap();
    let error = Environment::load(Some(&path)).err().unwrap().to_string();
    assert!(error.contains("line 3 is not NAME=value"), "{error}");
    assert!(!error.contains("xoxb"), "{error}");
    for (text, line) in [
        ("# c\n\nA=1\nB=2 3 4\n", 4),
        ("A=1\nX=a b\nC=2", 2),
        ("A='one\ntwo'\nB=1\nno name\n", 4),
        ("A=1\nB='never closed\nC=2\n", 2),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Environment::load(Some(&path)).err().unwrap().to_string();
        assert!(
            error.contains(&format!("line {line} is not")),
            "{text:?}: {error}"
        );
    }
    let missing = Environment::load(Some(&folder.path().join("none")))
        .err()
        .unwrap();
    assert!(missing.to_string().contains("Check its path"));
}

#[test]
fn the_env_file_is_read_with_quotes_and_comments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    let text = "\u{feff}MONITOR_T1='pa$$ #word'\r\nexport MONITOR_T2=\"#alerts\"\nMONITOR_T3=plain # note\n";
    std::fs::write(&path, text).unwrap();
    let environment = Environment::load(Some(&path)).unwrap();
    let got =
        ["MONITOR_T1", "MONITOR_T2", "MONITOR_T3", "MONITOR_T4"].map(|name| environment.get(name));
    assert_eq!(
        got,
        [Some("pa$$ #word"), Some("#alerts"), Some("plain"), None].map(|v| v.map(str::to_owned))
    );
}

#[test]
fn every_setting_is_in_the_readme_and_in_the_example_file() {
    let names = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let _ = Settings::read(|name| {
        names.borrow_mut().insert(name.to_owned());
        None
    });
    let names = names.into_inner();
    assert!(names.len() > 15);
    let readme = include_str!("../../README.md");
    let example = include_str!("../../.env.example");
    for name in &names {
        assert!(
            readme.contains(&format!("| `{name}` |")),
            "{name} is not in README.md"
        );
        let line = |line: &str| {
            line.trim_start_matches('#')
                .starts_with(&format!("{name}="))
        };
        assert!(example.lines().any(line), "{name} is not in .env.example");
    }
    for name in example.lines().filter_map(setting) {
        assert!(
            names.contains(name),
            "{name} is in .env.example and is no setting"
        );
    }
}

/// The name that a line of the example file sets, commented out or not.
fn setting(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start_matches('#').split_once('=')?;
    name.bytes()
        .all(|b| b.is_ascii_uppercase() || b == b'_')
        .then_some(name)
}

#[test]
fn the_example_file_lacks_nothing_but_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    let example = include_str!("../../.env.example").lines();
    let settings = example.filter(|line| setting(line).is_some());
    let text: Vec<&str> = settings.map(|line| line.trim_start_matches('#')).collect();
    std::fs::write(&path, text.join("\n")).unwrap();
    let environment = Environment::load(Some(&path)).unwrap();
    let error = Settings::read(|name| environment.get(name))
        .err()
        .unwrap()
        .to_string();
    assert!(error.starts_with("3 settings to correct"), "{error}");
}
