//! The settings: the only reader of the environment. Every setting is read once, into a typed
//! value; all faults are found in one pass and told together.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use url::Url;

use crate::http::{Policy, RateLimit, is_loopback};
use crate::redact::Redactor;
use crate::slack;
use crate::smartlead::{self, Credentials, Endpoint};
use crate::store::Database;

/// Everything a check needs to know.
#[derive(Clone)]
pub struct Settings {
    /// The source.
    pub smartlead: smartlead::Config,
    /// The sink.
    pub slack: slack::Config,
    /// How to treat the source's server; the sink's has its own rate.
    pub policy: Policy,
    /// The memory.
    pub database: Database,
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
    /// Knows every secret of these settings.
    pub redactor: Redactor,
}

/// The `.env` file and the process's own environment, which wins.
#[derive(Default)]
pub struct Environment {
    file: HashMap<String, String>,
}

/// A `.env` file that cannot be used. Its lines are never quoted: they hold secrets.
#[derive(Debug, thiserror::Error)]
pub enum EnvFileError {
    /// It cannot be read.
    #[error("{}: {source}. Check its path and rights, and that it is a text file in UTF-8", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not `NAME=value`.
    #[error("{}: line {line} is not NAME=value. Put values with spaces, #, $ or quotes into single quotes", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

impl Environment {
    /// Reads `file`, or `.env` in the working folder if there is one.
    ///
    /// # Errors
    /// When the file cannot be read or has a line that is not `NAME=value`.
    pub fn load(file: Option<&Path>) -> Result<Self, EnvFileError> {
        let path = file.unwrap_or(Path::new(".env"));
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Vec::new()
            }
            Err(source) => {
                return Err(EnvFileError::Unreadable {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        // Some editors on Windows put a byte order mark first.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let mut values = HashMap::new();
        for item in dotenvy::from_read_iter(text) {
            let (name, value) = item.map_err(|error| unreadable(path, text, error))?;
            values.insert(name, value);
        }
        Ok(Self { file: values })
    }

    /// The value of a variable; an empty one is given as it is.
    pub fn get(&self, name: &str) -> Option<String> {
        match std::env::var_os(name) {
            Some(value) => Some(value.to_string_lossy().into_owned()),
            None => self.file.get(name).cloned(),
        }
    }
}

fn unreadable(path: &Path, text: &[u8], error: dotenvy::Error) -> EnvFileError {
    let path = path.to_owned();
    match error {
        dotenvy::Error::LineParse(..) => {
            let line = bad_line(text);
            EnvFileError::Line { path, line }
        }
        dotenvy::Error::Io(source) => EnvFileError::Unreadable { path, source },
        _ => {
            let source = std::io::Error::other("it cannot be read");
            EnvFileError::Unreadable { path, source }
        }
    }
}

/// The number of the line that cannot be read: the one after the longest beginning that can be.
/// The parser quotes the text, but does not say where it stands.
fn bad_line(text: &[u8]) -> usize {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let reads = |count: &usize| {
        let beginning: Vec<u8> = lines
            .iter()
            .take(*count)
            .copied()
            .flatten()
            .copied()
            .collect();
        dotenvy::from_read_iter(beginning.as_slice()).all(|item| item.is_ok())
    };
    (0..lines.len()).rev().find(reads).unwrap_or_default() + 1
}

/// All faults of the settings, one a line.
#[derive(Debug, thiserror::Error)]
pub struct BadSettings(Vec<String>);

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
        let reader = &mut Reader {
            get: &get,
            faults: Vec::new(),
        };
        let key = reader.secret("SMARTLEAD_API_KEY");
        let bearer = reader.secret("SMARTLEAD_BEARER_TOKEN");
        let endpoint = reader.endpoint();
        reader.check_credentials(key.is_some(), bearer.is_some(), endpoint);
        let smartlead_url = reader.url("SMARTLEAD_BASE_URL", "https://server.smartlead.ai");
        let page_size = reader.number("PAGE_SIZE", 100, 1..=100);
        let in_flight = reader.number("MAX_CONCURRENT_REQUESTS", 4, 1..=64);
        let token = reader.bot_token();
        let channel = reader.channel();
        let slack_url = reader.url("SLACK_BASE_URL", "https://slack.com/api");
        let policy = reader.policy();
        let (database_url, database) = reader.database();
        let csv_dir = reader.path("CSV_DIR", "./audit_logs");
        let state_file = reader.path("STATE_FILE", "./state/last_check.json");
        let log_file = match get("LOG_FILE") {
            Some(set) if set.trim().is_empty() => None,
            _ => Some(reader.path("LOG_FILE", "./smartlead_monitor.log")),
        };
        let retention = reader.number("RETENTION_DAYS", 30, 1..=36_500);
        let run_timeout = reader.number("RUN_TIMEOUT_SECS", 540, 1..=86_400);

        let faults = std::mem::take(&mut reader.faults);
        let (Some(token), Some(channel), Some(base_url), Some(slack_url), Some(database)) =
            (token, channel, smartlead_url, slack_url, database)
        else {
            return Err(BadSettings(faults));
        };
        if !faults.is_empty() {
            return Err(BadSettings(faults));
        }
        let in_url = secrets_of(&database_url);
        let keys = [key.as_ref(), bearer.as_ref(), Some(&token)];
        let redactor = Redactor::new(keys.into_iter().flatten().chain(&in_url));
        let credentials = Credentials { key, bearer };
        Ok(Self {
            smartlead: smartlead::Config {
                base_url,
                credentials,
                endpoint,
                page_size,
                in_flight,
            },
            slack: slack::Config {
                base_url: slack_url,
                token,
                channel,
            },
            policy,
            database,
            csv_dir,
            state_file,
            log_file,
            retention: TimeDelta::days(retention),
            run_timeout: Duration::from_secs(run_timeout),
            redactor,
        })
    }
}

/// Reads one setting after the other and keeps the faults.
struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.get)(name)?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    }

    fn fault(&mut self, name: &str, fault: &str) {
        self.faults.push(format!("{name}: {fault}"));
    }

    fn secret(&mut self, name: &str) -> Option<SecretString> {
        let value = self.text(name)?;
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.fault(
                name,
                "holds a space or a character that no key has; copy it again",
            );
        }
        Some(value.into())
    }

    fn endpoint(&mut self) -> Endpoint {
        match self.text("SMARTLEAD_ENDPOINT").as_deref() {
            None | Some("auto") => Endpoint::Auto,
            Some("v1") => Endpoint::V1,
            Some("dashboard") => Endpoint::Dashboard,
            Some(_) => {
                self.fault(
                    "SMARTLEAD_ENDPOINT",
                    "is none of auto, v1 and dashboard; leave it out for auto",
                );
                Endpoint::Auto
            }
        }
    }

    fn check_credentials(&mut self, key: bool, bearer: bool, endpoint: Endpoint) {
        if !key && !bearer {
            self.fault("SMARTLEAD_API_KEY", "is missing; copy the key from Smartlead, Settings, API keys (or set SMARTLEAD_BEARER_TOKEN)");
        } else if !key && endpoint == Endpoint::V1 {
            self.fault(
                "SMARTLEAD_API_KEY",
                "is missing, and SMARTLEAD_ENDPOINT=v1 takes no other credential",
            );
        }
    }

    fn bot_token(&mut self) -> Option<SecretString> {
        const NAME: &str = "SLACK_BOT_TOKEN";
        match self.text(NAME) {
            None => {
                self.fault(
                    NAME,
                    "is missing; copy the Bot User OAuth Token of the Slack app, xoxb-…",
                );
                None
            }
            Some(value) if !value.starts_with("xoxb-") => {
                self.fault(NAME, "does not begin with xoxb-; copy the Bot User OAuth Token, not a user token, signing secret or webhook");
                None
            }
            Some(_) => self.secret(NAME),
        }
    }

    fn channel(&mut self) -> Option<String> {
        const NAME: &str = "SLACK_CHANNEL_ID";
        let Some(value) = self.text(NAME) else {
            self.fault(NAME, "is missing; set the id at the foot of the channel's details (C… or G…), or \"#name\" in quotes");
            return None;
        };
        let is_id =
            value.starts_with(['C', 'G']) && value.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_name =
            value.len() > 1 && value.starts_with('#') && !value.contains(char::is_whitespace);
        if !is_id && !is_name {
            self.fault(NAME, "is neither a channel's id (C… or G…) nor #name");
            return None;
        }
        Some(value)
    }

    fn url(&mut self, name: &str, default: &str) -> Option<Url> {
        let value = self.text(name).unwrap_or_else(|| default.to_owned());
        let fault = match Url::parse(&value) {
            Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => {
                if url.query().is_none() && url.fragment().is_none() && url.username().is_empty() {
                    return Some(url);
                }
                format!("must be scheme, host and path alone, such as {default}")
            }
            Ok(url) if url.scheme() == "http" => {
                "would send keys unencrypted; use https:// (http:// is for this machine only)"
                    .to_owned()
            }
            _ => format!("is not an http or https URL; an example is {default}"),
        };
        self.fault(name, &fault);
        None
    }

    fn number<T>(&mut self, name: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: std::str::FromStr + PartialOrd + Copy + fmt::Display,
    {
        let Some(value) = self.text(name) else {
            return default;
        };
        match value.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let fault = format!(
                    "is not a whole number from {} to {}; leave it out for {default}",
                    range.start(),
                    range.end()
                );
                self.fault(name, &fault);
                default
            }
        }
    }

    fn policy(&mut self) -> Policy {
        let requests = self.number("RATE_LIMIT_REQUESTS", 10, 0..=10_000);
        let period = self.number("RATE_LIMIT_PERIOD_SECS", 2, 1..=3_600);
        Policy {
            rate_limit: NonZeroU32::new(requests).map(|requests| RateLimit {
                requests,
                period: Duration::from_secs(period),
            }),
            max_attempts: self.number("MAX_ATTEMPTS", 3, 1..=100),
            retry_base: Duration::from_millis(self.number("RETRY_BASE_MS", 2_000, 1..=60_000)),
            request_timeout: Duration::from_secs(self.number(
                "REQUEST_TIMEOUT_SECS",
                30,
                1..=3_600,
            )),
        }
    }

    fn database(&mut self) -> (String, Option<Database>) {
        const NAME: &str = "DATABASE_URL";
        let url = self
            .text(NAME)
            .unwrap_or_else(|| "sqlite://state/monitor.db".to_owned());
        let database = Database::parse(&url.clone().into())
            .map_err(|error| self.fault(NAME, &error.to_string()))
            .ok();
        (url, database)
    }

    fn path(&self, name: &str, default: &str) -> PathBuf {
        self.text(name).unwrap_or_else(|| default.to_owned()).into()
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

#[cfg(test)]
mod tests;
