//! One setting after the other.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use url::Url;

use super::{Alerts, Common, Fault, Masked};
use crate::domain::incident::Threshold;
use crate::domain::text;
use crate::domain::triage::Rules;
use crate::http::{Policy, RateLimit, is_loopback};
use crate::redact::Redactor;
use crate::smartlead::Endpoint;
use crate::smartlead::forecast::{FEWEST_REQUESTS, LONGEST_RUN, Pages, listing_time, run_for};
use crate::store::{Database, MOST_APPLIED, Recoveries};

/// The longest time after which is reminded, in hours: a year.
const LONGEST_REMINDER: i64 = 8_760;

/// Reads one setting after the other and keeps the faults.
pub(super) struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
    empty: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            get,
            faults: Vec::new(),
            empty: Vec::new(),
        }
    }

    pub(super) fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    pub(super) fn take_empty(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.empty)
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        let value = (self.get)(name)?.trim().to_owned();
        if value.is_empty() && !self.empty.contains(&name) {
            self.empty.push(name);
        }
        (!value.is_empty()).then_some(value)
    }

    /// The secrets that are set, whatever they are worth.
    pub(super) fn masked(&mut self) -> Vec<Masked> {
        let names = [
            "SMARTLEAD_API_KEY",
            "SMARTLEAD_BEARER_TOKEN",
            "SLACK_BOT_TOKEN",
            "HEARTBEAT_URL",
        ];
        let masked = names.map(|name| Some(Masked::new(name, &self.text(name)?)));
        masked.into_iter().flatten().collect()
    }

    fn fault(&mut self, setting: &'static str, fault: &str) {
        let text = fault.to_owned();
        self.faults.push(Fault { setting, text });
    }

    pub(super) fn secret(&mut self, name: &'static str) -> Option<SecretString> {
        let value = self.text(name)?;
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.fault(
                name,
                "holds a space or a character that no key has; copy it again",
            );
        }
        Some(value.into())
    }

    pub(super) fn endpoint(&mut self) -> Endpoint {
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

    /// Whether there is something to be let in by.
    pub(super) fn check_credentials(
        &mut self,
        key: bool,
        bearer: bool,
        endpoint: Endpoint,
    ) -> bool {
        const NAME: &str = "SMARTLEAD_API_KEY";
        if !key && !bearer {
            self.fault(NAME, "is missing; copy the key from Smartlead, Settings, API keys (or set SMARTLEAD_BEARER_TOKEN)");
            return false;
        }
        if !key && endpoint == Endpoint::V1 {
            self.fault(
                NAME,
                "is missing, and SMARTLEAD_ENDPOINT=v1 takes no other credential",
            );
            return false;
        }
        true
    }

    pub(super) fn bot_token(&mut self) -> Option<SecretString> {
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

    pub(super) fn channel(&mut self) -> Option<String> {
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

    pub(super) fn url(&mut self, name: &'static str, default: &str) -> Option<Url> {
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

    pub(super) fn number<T>(
        &mut self,
        name: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T
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

    pub(super) fn policy(&mut self) -> Policy {
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

    /// Refuses a limit under which not even the smallest listing fits into a run.
    pub(super) fn check_time(&mut self, page_size: usize, common: &Common) {
        const NAME: &str = "RATE_LIMIT_REQUESTS";
        let concerned = [NAME, "RATE_LIMIT_PERIOD_SECS", "RUN_TIMEOUT_SECS"];
        let is_read = |fault: &Fault| concerned.contains(&fault.setting);
        let pages = Pages::at(page_size, common.policy.rate_limit);
        let time = listing_time(common.run_timeout);
        let least = pages.requests_take(FEWEST_REQUESTS);
        if self.faults.iter().any(is_read) || least <= time {
            return;
        }
        let longer = match run_for(least) {
            seconds @ ..=LONGEST_RUN => format!(", or set RUN_TIMEOUT_SECS={seconds} or more"),
            _ => String::new(),
        };
        let fault = format!(
            "{} is too slow: the smallest listing is {FEWEST_REQUESTS} requests, which take {}, but \
             RUN_TIMEOUT_SECS={} leaves {} for them; allow more requests{longer}",
            pages.pace(),
            text::time_needed(least),
            common.run_timeout.as_secs(),
            text::time_left(time),
        );
        self.fault(NAME, &fault);
    }

    pub(super) fn database(&mut self) -> (String, Option<Database>) {
        const NAME: &str = "DATABASE_URL";
        let url = self
            .text(NAME)
            .unwrap_or_else(|| "sqlite://state/monitor.db".to_owned());
        let database = Database::parse(&url.clone().into())
            .map_err(|error| self.fault(NAME, &error.to_string()))
            .ok();
        (url, database)
    }

    pub(super) fn heartbeat_url(&mut self) -> Option<SecretString> {
        const NAME: &str = "HEARTBEAT_URL";
        let value = self.text(NAME)?;
        match Url::parse(&value) {
            Ok(url) if matches!(url.scheme(), "https" | "http") && url.fragment().is_none() => {
                Some(value.into())
            }
            _ => {
                self.fault(NAME, "is not an http or https URL; copy the ping URL of healthchecks.io, or the push URL of Uptime Kuma");
                None
            }
        }
    }

    pub(super) fn common(
        &mut self,
        policy: Policy,
        heartbeat_url: Option<SecretString>,
        redactor: Redactor,
    ) -> Common {
        Common {
            policy,
            csv_dir: self.path("CSV_DIR", "./audit_logs"),
            state_file: self.path("STATE_FILE", "./state/last_check.json"),
            log_file: match (self.get)("LOG_FILE") {
                Some(set) if set.trim().is_empty() => None,
                _ => Some(self.path("LOG_FILE", "./smartlead_monitor.log")),
            },
            retention: TimeDelta::days(self.number("RETENTION_DAYS", 30, 1..=36_500)),
            run_timeout: Duration::from_secs(self.number("RUN_TIMEOUT_SECS", 540, 1..=LONGEST_RUN)),
            database_timeout: Duration::from_secs(self.number(
                "DATABASE_TIMEOUT_SECS",
                60,
                1..=3_600,
            )),
            error_reminder: TimeDelta::hours(self.number("ERROR_REMINDER_HOURS", 6, 1..=8_760)),
            alerts: self.alerts(),
            heartbeat_url,
            redactor,
        }
    }

    fn alerts(&mut self) -> Alerts {
        let Rules {
            confirm_checks,
            incident: Threshold { accounts, share },
        } = Alerts::default().rules;
        Alerts {
            rules: Rules {
                confirm_checks: self.number("CONFIRM_CHECKS", confirm_checks, 1..=MOST_APPLIED),
                incident: Threshold {
                    accounts: self.number("INCIDENT_MIN", accounts, 2..=1_000_000),
                    share: self.number("INCIDENT_SHARE", share, 1..=100),
                },
            },
            recoveries: self.recoveries(),
            remind_after: self.remind_after(),
        }
    }

    fn recoveries(&mut self) -> Recoveries {
        const NAME: &str = "SLACK_NOTIFY_RECONNECTED";
        match self.text(NAME).as_deref() {
            None | Some("off") => Recoveries::Off,
            Some("thread") => Recoveries::Thread,
            Some("channel") => Recoveries::Channel,
            Some(_) => {
                self.fault(
                    NAME,
                    "is none of off, thread and channel; leave it out for off",
                );
                Recoveries::Off
            }
        }
    }

    fn remind_after(&mut self) -> Option<TimeDelta> {
        const NAME: &str = "REMIND_AFTER_HOURS";
        let value = self.text(NAME)?;
        match value.parse() {
            Ok(hours @ 1..=LONGEST_REMINDER) => Some(TimeDelta::hours(hours)),
            _ => {
                let fault = format!(
                    "is not a whole number from 1 to {LONGEST_REMINDER}; leave it out for no reminder"
                );
                self.fault(NAME, &fault);
                None
            }
        }
    }

    fn path(&mut self, name: &'static str, default: &str) -> PathBuf {
        self.text(name).unwrap_or_else(|| default.to_owned()).into()
    }
}
