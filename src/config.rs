//! The settings: the only reader of the environment. Every setting is read once, into a typed
//! value; all faults are found in one pass and told together.

mod environment;
mod masked;
mod reader;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::domain::incident::Threshold;
use crate::domain::triage::Rules;
use crate::http::Policy;
use crate::redact::Redactor;
use crate::slack;
use crate::smartlead::forecast::LARGEST_PAGE;
use crate::smartlead::{self, Credentials};
use crate::store::{Database, Recoveries};
pub use environment::{EnvFileError, Environment};
pub use masked::{Form, Masked};
use reader::Reader;

/// What is shorter than this is an ordinary word of a URL, such as `ping` or `status`.
const SHORTEST_TOKEN: usize = 8;

/// Everything a check needs to know.
#[derive(Clone)]
pub struct Settings {
    /// The source.
    pub smartlead: smartlead::Config,
    /// The sink.
    pub slack: slack::Config,
    /// The memory.
    pub database: Database,
    /// The rest.
    pub common: Common,
}

/// What has a default, and what goes for every part.
#[derive(Clone)]
pub struct Common {
    /// How to treat the source's server; the sink's has its own rate.
    pub policy: Policy,
    /// Folder of the audit trail.
    pub csv_dir: PathBuf,
    /// File that shows the last run.
    pub state_file: PathBuf,
    /// File that the log is appended to.
    pub log_file: Option<PathBuf>,
    /// How long resolved disconnections are kept.
    pub retention: TimeDelta,
    /// Deadline of a run and life of its lease.
    pub run_timeout: Duration,
    /// Limit of one operation of the database.
    pub database_timeout: Duration,
    /// How long the sink is not reminded that checks still fail.
    pub error_reminder: TimeDelta,
    /// What is told, and how.
    pub alerts: Alerts,
    /// Whom to tell that checks are run. Who knows the URL can speak for us.
    pub heartbeat_url: Option<SecretString>,
    /// Knows every secret of these settings.
    pub redactor: Redactor,
}

/// What is told, and how.
#[derive(Debug, Clone, Copy)]
pub struct Alerts {
    /// What decides how a disconnection is told.
    pub rules: Rules,
    /// Which of the accounts that are seen connected again are told.
    pub recoveries: Recoveries,
    /// What is down for longer than this is told once a day, if at all.
    pub remind_after: Option<TimeDelta>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            rules: Rules {
                confirm_checks: 1,
                incident: Threshold {
                    accounts: 20,
                    share: 60,
                },
            },
            recoveries: Recoveries::Off,
            remind_after: None,
        }
    }
}

/// The settings part by part, for commands that can do with some of them.
pub struct Parts {
    /// The source, unless it lacks something.
    pub smartlead: Option<smartlead::Config>,
    /// The sink, unless it lacks something; its channel is empty where that is at fault.
    pub slack: Option<slack::Config>,
    /// The memory, unless its URL is malformed.
    pub database: Option<Database>,
    /// The rest; the default where a setting is malformed.
    pub common: Common,
    /// What is missing or malformed.
    pub faults: Vec<Fault>,
    /// The secrets that are set, well-formed or not.
    pub secrets: Vec<Masked>,
    /// Settings that are set to nothing, and so not set.
    pub empty: Vec<&'static str>,
}

/// A setting that is missing or malformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub setting: &'static str,
    /// What is wrong and, after a semicolon, what to set; never quotes the value.
    pub text: String,
}

impl Fault {
    /// What is wrong, and what to set if it says so.
    pub fn fault_and_remedy(&self) -> (&str, Option<&str>) {
        match self.text.split_once("; ") {
            Some((fault, remedy)) => (fault, Some(remedy)),
            None => (&self.text, None),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.text)
    }
}

/// All faults of the settings, one a line.
#[derive(Debug, thiserror::Error)]
pub struct BadSettings(Vec<Fault>);

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(
            f,
            "{count} setting{} to correct, in the environment or in .env:",
            if count == 1 { "" } else { "s" }
        )?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl Settings {
    /// Reads the settings from `get`, which gives the value of a variable. A variable that is set
    /// to nothing counts as not set, for that is what a CI system makes of a missing secret.
    ///
    /// # Errors
    /// Every setting that is missing or malformed, each with its name and what to set.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let parts = Parts::read(get);
        match (parts.smartlead, parts.slack, parts.database) {
            (Some(smartlead), Some(slack), Some(database)) if parts.faults.is_empty() => Ok(Self {
                smartlead,
                slack,
                database,
                common: parts.common,
            }),
            _ => Err(BadSettings(parts.faults)),
        }
    }
}

impl Parts {
    /// Reads what can be read of the settings, as [`Settings::read`] does.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let reader = &mut Reader::new(&get);
        let secrets = reader.masked();
        let key = reader.secret("SMARTLEAD_API_KEY");
        let bearer = reader.secret("SMARTLEAD_BEARER_TOKEN");
        let endpoint = reader.endpoint();
        let has_credentials = reader.check_credentials(key.is_some(), bearer.is_some(), endpoint);
        let smartlead_url = reader.url("SMARTLEAD_BASE_URL", "https://server.smartlead.ai");
        let page_size = reader.number("PAGE_SIZE", LARGEST_PAGE, 1..=LARGEST_PAGE);
        let in_flight = reader.number("MAX_CONCURRENT_REQUESTS", 4, 1..=64);
        let token = reader.bot_token();
        let channel = reader.channel();
        let slack_url = reader.url("SLACK_BASE_URL", "https://slack.com/api");
        let policy = reader.policy();
        let (database_url, database) = reader.database();
        let heartbeat_url = reader.heartbeat_url();
        let in_urls = [
            secrets_of(&database_url),
            heartbeat_url.as_ref().map_or(Vec::new(), parts_of),
        ]
        .concat();
        let keys = [key.as_ref(), bearer.as_ref(), token.as_ref()];
        let redactor = Redactor::new(keys.into_iter().flatten().chain(&in_urls));
        let common = reader.common(policy, heartbeat_url, redactor);
        reader.check_time(page_size, &common);
        let credentials = Credentials { key, bearer };
        Self {
            smartlead: smartlead_url.filter(|_| has_credentials).map(|base_url| {
                smartlead::Config {
                    base_url,
                    credentials,
                    endpoint,
                    page_size,
                    in_flight,
                }
            }),
            slack: match (slack_url, token) {
                (Some(base_url), Some(token)) => Some(slack::Config {
                    base_url,
                    token,
                    channel: channel.unwrap_or_default(),
                }),
                _ => None,
            },
            database,
            common,
            faults: reader.take_faults(),
            secrets,
            empty: reader.take_empty(),
        }
    }

    /// The memory alone, for commands that only look into it.
    ///
    /// # Errors
    /// What is wrong with the settings of the database, and no others.
    pub fn memory(self) -> Result<(Database, Common), BadSettings> {
        let ours = |fault: &Fault| fault.setting.starts_with("DATABASE_");
        let faults: Vec<Fault> = self.faults.into_iter().filter(ours).collect();
        match self.database {
            Some(database) if faults.is_empty() => Ok((database, self.common)),
            _ => Err(BadSettings(faults)),
        }
    }
}

/// The secrets of a database URL: its password, decoded, and the URL as a whole.
fn secrets_of(url: &str) -> Vec<SecretString> {
    let Ok(parsed) = Url::parse(url) else {
        return Vec::new();
    };
    let parameters = parsed.query_pairs().filter(|(name, _)| name == "password");
    let mut secrets: Vec<SecretString> = parameters
        .map(|(_, value)| value.into_owned().into())
        .collect();
    if let Some(password) = parsed.password() {
        let password = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
        secrets.push(password.into_owned().into());
    }
    if !secrets.is_empty() {
        secrets.push(url.into());
    }
    secrets
}

/// A URL by which anybody can speak for us, and each part of it that may be what makes it one.
fn parts_of(url: &SecretString) -> Vec<SecretString> {
    let Ok(parsed) = Url::parse(url.expose_secret()) else {
        return vec![url.clone()];
    };
    let segments = parsed.path_segments().into_iter().flatten();
    let values = parsed.query_pairs().map(|(_, value)| value.into_owned());
    let password = parsed.password().map(str::to_owned);
    let parts = segments.map(str::to_owned).chain(values).chain(password);
    let parts = parts.filter(|part| part.len() >= SHORTEST_TOKEN);
    [url.clone()]
        .into_iter()
        .chain(parts.map(SecretString::from))
        .collect()
}

#[cfg(test)]
mod tests;
