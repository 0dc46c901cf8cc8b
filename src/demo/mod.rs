//! Three hours of a fleet, played by the real check over real HTTP against a simulated Smartlead
//! and Slack on loopback.

mod simulator;

use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use url::Url;

use crate::check::{self, Ending, Run};
use crate::cli::CheckOptions;
use crate::config::Settings;
use crate::domain::Kind;
use crate::http::{Policy, RateLimit};
use crate::redact::Redactor;
use crate::slack::message::Message;
use crate::slack::{self, preview};
use crate::smartlead::{self, Credentials, Endpoint};
use crate::store::Database;
use simulator::World;

/// Fast enough for an audience; the real limit is a tenth of it.
const RATE_LIMIT: RateLimit = RateLimit {
    requests: NonZeroU32::new(50).unwrap(),
    period: Duration::from_secs(1),
};

/// Plays the demo on a fleet of `accounts`; its third hour is `now`. Gives the exit code.
///
/// # Errors
/// When the machine gives no port or no temporary folder.
pub async fn play(accounts: u32, now: DateTime<Utc>) -> anyhow::Result<u8> {
    let folder = tempfile::Builder::new()
        .prefix("monitor-demo-")
        .tempdir()
        .context("no temporary folder could be made")?
        .keep();
    let progress = progress_bar(accounts);
    let world = World::new(accounts, progress.clone());
    let address = world
        .clone()
        .serve()
        .await
        .context("no port on 127.0.0.1 could be opened")?;
    let settings = settings(&folder, &format!("http://{address}"))?;
    say(&format!(
        "A simulated Smartlead with {accounts} accounts and a simulated Slack listen on {address}.\n\
         The real check runs against them, three hours in a row."
    ));
    for (hour, (title, down)) in (1..).zip(story(accounts)) {
        let at = now - TimeDelta::hours(3 - hour);
        say(&format!(
            "\n=== Hour {hour}, {}: {title}",
            at.format("%H:%M UTC")
        ));
        world.set_down(down);
        progress.reset();
        let run = Run::start(at, fastrand::u32(..));
        let ending = check::run(
            &settings,
            &CheckOptions::default(),
            &run,
            std::future::pending(),
        )
        .await;
        if !matches!(ending, Ending::Complete) {
            return Ok(ending.exit_code());
        }
        show_channel(&progress, world.take_posts());
    }
    progress.finish_and_clear();
    say(&closing_words(&folder, &settings));
    Ok(0)
}

/// What happens in each hour, and which accounts are down in it.
fn story(accounts: u32) -> [(&'static str, Vec<(u32, Kind)>); 3] {
    let kinds = [Kind::Smtp, Kind::Both, Kind::Imap, Kind::Smtp];
    let count = (accounts / 250).clamp(4, 12);
    // Spread over the fleet, so that several pages have some.
    let mut down: Vec<(u32, Kind)> = (0..count)
        .zip(kinds.into_iter().cycle())
        .map(|(i, kind)| (i * accounts / count, kind))
        .collect();
    let first = down.clone();
    down.remove(0);
    down.extend([(1, Kind::Imap), (accounts - 1, Kind::Both)]);
    [
        ("some mailboxes are down", first),
        ("two more go down, one comes back", down.clone()),
        ("nothing is new", down),
    ]
}

fn settings(folder: &Path, server: &str) -> anyhow::Result<Settings> {
    let base_url: Url = server.parse()?;
    let token = "xoxb-demo";
    let credentials = Credentials {
        key: Some(simulator::KEY.into()),
        bearer: None,
    };
    Ok(Settings {
        smartlead: smartlead::Config {
            base_url: base_url.clone(),
            credentials,
            endpoint: Endpoint::V1,
            page_size: 100,
            in_flight: 4,
        },
        slack: slack::Config {
            base_url: base_url.join("api")?,
            token: token.into(),
            channel: "#demo".to_owned(),
        },
        policy: Policy {
            rate_limit: Some(RATE_LIMIT),
            max_attempts: 3,
            retry_base: Duration::from_secs(1),
            request_timeout: Duration::from_secs(30),
        },
        database: Database::file(&folder.join("state").join("monitor.db")),
        csv_dir: folder.join("audit_logs"),
        state_file: folder.join("state").join("last_check.json"),
        log_file: None,
        retention: TimeDelta::days(30),
        run_timeout: Duration::from_secs(540),
        redactor: Redactor::new([]),
    })
}

/// Shows itself on a terminal only.
fn progress_bar(accounts: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} accounts listed");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(accounts.into()).with_style(style)
}

fn show_channel(progress: &ProgressBar, posts: Vec<Value>) {
    progress.suspend(|| {
        if posts.is_empty() {
            say("The channel stays silent.");
        }
        for mut post in posts {
            let place = if post.get("thread_ts").is_some() {
                "In the thread"
            } else {
                "In the channel"
            };
            say(&format!("{place}:"));
            let blocks = post.get_mut("blocks").map(Value::take);
            let blocks = blocks.and_then(|blocks| serde_json::from_value(blocks).ok());
            let message = Message {
                text: String::new(),
                blocks: blocks.unwrap_or_default(),
            };
            for line in preview::lines(&message) {
                say(format!("  | {line}").trim_end());
            }
        }
    });
}

fn closing_words(folder: &Path, settings: &Settings) -> String {
    format!(
        "\nWhat was written:\n  \
         CSV audit trail  {}\n  \
         Database         {}\n  \
         Last check       {}\n\n\
         To go on with your own workspace:\n  \
         1. Copy .env.example to .env and set SMARTLEAD_API_KEY, SLACK_BOT_TOKEN and SLACK_CHANNEL_ID.\n  \
         2. monitor --dry-run     shows what a check would post, and posts nothing.\n  \
         3. monitor --first-run   announces what is down now; from then on run monitor once an hour.",
        settings.csv_dir.display(),
        folder.join("state").join("monitor.db").display(),
        settings.state_file.display(),
    )
}

/// Prints, and does not mind a reader that has gone away.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
