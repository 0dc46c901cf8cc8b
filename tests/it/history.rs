//! What was down, and what can be learnt from it.

use crate::status::{print, print_json};
use crate::support::smartlead::{fleet, smtp_down};
use crate::support::{World, on_every_engine};

/// Puts the beginning and the end of an account's cycle so many hours back.
fn backdate(world: &World, account: i64, detected: i64, resolved: Option<i64>) {
    let now = chrono::Utc::now();
    let hours_ago = |hours| (now - chrono::TimeDelta::hours(hours)).to_rfc3339();
    let ended = match resolved {
        Some(hours) => format!("resolved_at = '{}'", hours_ago(hours)),
        None => "resolved_at = null".to_owned(),
    };
    world.database.execute(&format!(
        "update disconnected_accounts set detected_at = '{}', {ended} where account_id = {account}",
        hours_ago(detected)
    ));
}

on_every_engine! {
    fn cycles_are_listed_and_measured(world) {
        for down in [&[3_i64, 4, 5][..], &[5], &[3], &[], &[3, 4]] {
            world.smartlead.set_fleet(fleet(20, down.iter().map(|id| smtp_down(*id))));
            world.run(&[]).assert(0);
        }
        let past = print_json(&world, &["history", "--json"]);
        assert_eq!(past["total"], 6);
        let cycles: Vec<String> = past["cycles"].as_array().unwrap().iter()
            .map(|cycle| format!("{} {}", cycle["account_id"], cycle["resolution"])).collect();
        assert_eq!(cycles, ["4 null", "3 null", "3 \"reconnected\"", "5 \"reconnected\"", "4 \"reconnected\"", "3 \"reconnected\""]);
        let most: Vec<String> = past["most_often"].as_array().unwrap().iter()
            .map(|account| format!("{} {}", account["account_id"], account["disconnections"])).collect();
        assert_eq!(most, ["3 3", "4 2"]);
        assert_eq!(past["time_to_reconnect"]["disconnections"], 4);

        let text = print(&world, &["history", "--limit", "1"]);
        for words in ["6 disconnections since ", ", 2 still open.\n", "SMTP  dana4@outreach-one.example  4   2",
            "\nAnd 5 more; raise --limit to list them.\n", "3 times  dana3@outreach-one.example  3 ",
            "\nTime to reconnect: mean ", " min, of 4 that did.\n"] {
            assert!(text.contains(words), "{words:?} is not in:\n{text}");
        }
        for account in ["3", "DANA3@outreach-one.example"] {
            assert_eq!(print_json(&world, &["history", "--json", "--account", account])["total"], 3);
        }
        let text = print(&world, &["history", "--account", "17"]);
        assert!(text.starts_with("No disconnection of account 17 is on record since "), "{text}");

        // What ended within the time counts, and what goes on, whenever it began.
        backdate(&world, 5, 24 * 40, Some(24 * 3));
        world.database.execute("delete from disconnected_accounts where account_id = 3");
        world.database.execute("delete from disconnected_accounts where account_id = 4 and not is_active");
        backdate(&world, 4, 24 * 50, None);
        for (since, total) in [("2d", 1), ("73h", 2), ("4d", 2), ("1w", 2)] {
            assert_eq!(print_json(&world, &["history", "--json", "--since", since])["total"], total, "{since}");
        }
        let text = print(&world, &["history", "--since", "60d"]);
        assert!(text.contains("37 d 0 h  reconnected  password refused: 535 login rejected\n") && text.contains("50 d 0 h  still down   password refused: 535 login rejected\n"), "{text}");
        assert!(text.ends_with(" UTC is deleted: RETENTION_DAYS is 30.\n"), "{text}");
        let kept = world.run_with(&["history", "--since", "60d"], &[("RETENTION_DAYS", "90")]).assert(0);
        assert!(!kept.stdout.contains("RETENTION_DAYS"), "{}", kept.stdout);
    }
}
