//! Five hours of a fleet, played by the real check over real HTTP against a simulated Smartlead
//! and Slack on loopback.

mod past;
pub mod simulator;

use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use url::Url;

use crate::check::{self, Ending, Host, Run};
use crate::cli::CheckOptions;
use crate::config::{Alerts, Common, Settings};
use crate::domain::Kind;
use crate::github::Job;
use crate::http::{Policy, RateLimit};
use crate::progress::Progress;
use crate::redact::Redactor;
use crate::report::Report;
use crate::slack::{self, preview};
use crate::smartlead::{self, Credentials, Endpoint};
use crate::store::Database;
use crate::terminal::print;
use simulator::World;

/// Fast enough for an audience; the real limit is a tenth of it.
pub const RATE_LIMIT: RateLimit = RateLimit {
    requests: NonZeroU32::new(50).unwrap(),
    period: Duration::from_secs(1),
};

/// Hours that are played, a check in each.
pub const HOURS: u8 = 5;

/// Accounts that the outage of a provider takes; in a small fleet one in six, half of what it has.
const OUTAGE: u32 = 25;

/// Plays the demo on a fleet of `accounts`; its last hour is `now`. Gives the exit code.
///
/// # Errors
/// When the machine gives no port or no temporary folder.
pub async fn play(accounts: u32, now: DateTime<Utc>, progress: Progress) -> anyhow::Result<u8> {
    let folder = tempfile::Builder::new()
        .prefix("monitor-demo-")
        .tempdir()
        .context("no temporary folder could be made")?
        .keep();
    let world = World::new(accounts);
    let host = Host {
        progress,
        job: Job::default(),
    };
    let address = world
        .clone()
        .serve()
        .await
        .context("no port on 127.0.0.1 could be opened")?;
    let settings = settings(&folder, &format!("http://{address}"))?;
    let common = &settings.common;
    let store = settings
        .database
        .store(common.database_timeout, common.redactor.clone());
    let story = story(accounts);
    let played: Vec<u32> = story
        .iter()
        .flat_map(|(_, down)| down)
        .map(|(account, _)| *account)
        .collect();
    let start = |hour: u8| now - TimeDelta::hours((HOURS - hour).into());
    let first = start(1);
    let past = past::make_up(&*store, &world, &played, first).await;
    let down_before = past.context("the two weeks before could not be made up")?;
    print(&format!(
        "A simulated Smartlead with {accounts} accounts and a simulated Slack listen on {address}.\n\
         The real check runs against them, {HOURS} hours in a row. The two weeks before are made up\n\
         and stand in the database alone, so that the report has something to show."
    ))?;
    for (hour, (title, down)) in (1..=HOURS).zip(&story) {
        let at = start(hour);
        print(&format!(
            "\n=== Hour {hour}, {}: {title}",
            at.format("%H:%M UTC")
        ))?;
        world.set_down(down.iter().chain(&down_before).copied().collect());
        let run = Run::start(at, fastrand::u32(..));
        let ending = check::run(
            &settings,
            &CheckOptions::default(),
            &run,
            &host,
            std::future::pending(),
        )
        .await;
        if !matches!(ending, Ending::Complete) {
            return Ok(ending.exit_code());
        }
        show_channel(world.take_posts())?;
    }
    let report = Report::read(&*store, now).await?;
    let report = report.write(&folder.join("report.html"))?;
    print(&closing_words(&folder, &settings, &report))?;
    Ok(0)
}

/// What happens in each hour, and which accounts are down in it.
fn story(accounts: u32) -> [(&'static str, Vec<(u32, Kind)>); HOURS as usize] {
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
    let mut outage = down.clone();
    let is_down = |account: &u32| down.iter().any(|(other, _)| other == account);
    let of_provider = (0..accounts).filter(|account| simulator::is_of_first_provider(*account));
    let turned_away = of_provider
        .filter(|account| !is_down(account))
        .take(OUTAGE.min(accounts / 6) as usize);
    outage.extend(turned_away.map(|account| (account, Kind::Smtp)));
    [
        ("some mailboxes are down", first),
        ("two more go down, one comes back", down.clone()),
        ("nothing is new", down.clone()),
        ("a provider turns many away", outage),
        ("it takes them in again", down),
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
        database: Database::scratch(&folder.join("state").join("monitor.db")),
        common: Common {
            policy: Policy {
                rate_limit: Some(RATE_LIMIT),
                max_attempts: 3,
                retry_base: Duration::from_secs(1),
                request_timeout: Duration::from_secs(30),
            },
            csv_dir: folder.join("audit_logs"),
            state_file: folder.join("state").join("last_check.json"),
            log_file: None,
            retention: TimeDelta::days(30),
            run_timeout: Duration::from_secs(540),
            database_timeout: Duration::from_secs(60),
            error_reminder: TimeDelta::hours(6),
            alerts: Alerts::default(),
            heartbeat_url: None,
            redactor: Redactor::new([]),
        },
    })
}

fn show_channel(posts: Vec<Value>) -> io::Result<()> {
    if posts.is_empty() {
        print("The channel stays silent.")?;
    }
    for post in posts {
        let place = match (post.get("ts"), post.get("thread_ts")) {
            (Some(_), _) => "In place of the message",
            (None, Some(_)) => "In the thread",
            (None, None) => "In the channel",
        };
        print(&format!("{place}:"))?;
        let blocks = post.get("blocks").and_then(Value::as_array);
        for line in preview::lines(blocks.map_or(&[], Vec::as_slice)) {
            print(format!("  | {line}").trim_end())?;
        }
    }
    Ok(())
}

fn closing_words(folder: &Path, settings: &Settings, report: &Path) -> String {
    format!(
        "\nWhat was written:\n  \
         CSV audit trail  {}\n  \
         Database         {}\n  \
         Last check       {}\n  \
         Report           {}\n\n\
         To go on with your own workspace:\n  \
         1. Copy .env.example to .env and set SMARTLEAD_API_KEY, SLACK_BOT_TOKEN and SLACK_CHANNEL_ID.\n  \
         2. monitor doctor        checks every part, and says what to do where one fails.\n  \
         3. monitor --dry-run     shows what a check would post, and posts nothing.\n  \
         4. monitor --first-run   announces what is down now; from then on run monitor once an hour.",
        settings.common.csv_dir.display(),
        folder.join("state").join("monitor.db").display(),
        settings.common.state_file.display(),
        report.display(),
    )
}
