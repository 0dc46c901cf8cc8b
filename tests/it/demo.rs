//! The demo, as a newcomer runs it.

use crate::support::{Ran, monitor};

#[test]
fn five_hours_are_played_on_an_empty_machine() {
    let folder = tempfile::tempdir().unwrap();
    let output = monitor(folder.path())
        .args(["demo", "--accounts", "250"])
        .env("TMPDIR", folder.path())
        // Nothing of the machine's matters: no proxy, no certificates, no settings of a workspace.
        .env("http_proxy", "http://127.0.0.1:9")
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .env("PAGE_SIZE", "many")
        .output()
        .unwrap();
    let ran = Ran::from(output).assert(0);
    let hours: Vec<&str> = ran.stdout.split("=== Hour ").collect();
    assert_eq!(hours.len(), 6, "{}", ran.stdout);
    assert!(
        hours[1].contains("🔴 4 New Account Disconnection(s) Detected"),
        "{}",
        hours[1]
    );
    assert!(
        hours[2].contains("🔴 2 New Account Disconnection(s) Detected"),
        "{}",
        hours[2]
    );
    assert!(
        hours[3].contains("The channel stays silent."),
        "{}",
        hours[3]
    );
    assert!(
        hours[4].contains("🔴 Incident 1: 25 accounts down, password refused"),
        "{}",
        hours[4]
    );
    assert!(
        hours[5].contains("✅ Incident 1 is over: 25 accounts were down")
            && hours[5].contains("In place of the message:"),
        "{}",
        hours[5]
    );
    assert_eq!(ran.stderr, "");
    assert!(
        hours[0].contains("two weeks before are made up"),
        "{}",
        hours[0]
    );

    let place = |name: &str| {
        let line = hours[5]
            .lines()
            .find(|line| line.trim().starts_with(name))
            .unwrap();
        std::path::PathBuf::from(line.trim().trim_start_matches(name).trim())
    };
    let csv: String = std::fs::read_dir(place("CSV audit trail"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(csv.matches(",disconnected,").count(), 6 + 25);
    assert_eq!(csv.matches(",reconnected,").count(), 1 + 25);
    assert!(place("Database").is_file() && place("Last check").is_file());
    assert!(hours[5].contains("monitor --dry-run"));

    let page = std::fs::read_to_string(place("Report")).unwrap();
    assert!(page.contains("of 250 accounts are down") && page.contains("Down again and again"));
    let figures = monitor(folder.path())
        .args(["report", "--json"])
        .env(
            "DATABASE_URL",
            format!("sqlite://{}", place("Database").display()),
        )
        .output()
        .unwrap();
    let figures: serde_json::Value = serde_json::from_slice(&figures.stdout).unwrap();
    assert!(figures["days"].as_array().unwrap().len() >= 15);
    // Six of the story less the one that came back, and those that nobody repairs.
    assert_eq!(figures["disconnected"]["total"], 5 + 3);
    assert_eq!(figures["disconnected"]["untold"], 0);
    assert_eq!(figures["warnings"], serde_json::json!([]));
    assert!(figures["chronic"].as_array().unwrap().len() >= 3);
    let outcomes = page.matches("class=\"slot untold\"").count();
    assert_eq!(outcomes, 1, "a check that could not tell");
}
