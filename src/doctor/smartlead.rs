//! Whether Smartlead lets us in.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::finding::{Finding, Part};
use super::{Examination, clock, settings};
use crate::config::Parts;
use crate::domain::text;
use crate::http::{RateLimit, Sender};
use crate::progress::Progress;
use crate::smartlead::forecast::{Pages, listing_time};
use crate::smartlead::{Allowance, Probe, Smartlead, SmartleadError};

const LISTING: &str = "listing";

/// The window of the limit in the headers, which do not say it
/// (<https://api.smartlead.ai/guides/rate-limits>).
const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn findings(examination: &Examination<'_>) -> Vec<Finding> {
    let parts = examination.parts;
    let config = match (settings::lacking(parts, &["SMARTLEAD_"]), &parts.smartlead) {
        (None, Some(config)) => config.clone(),
        (lacking, _) => return vec![Part::Smartlead.skipped(LISTING, lacking.unwrap_or_default())],
    };
    let redactor = parts.common.redactor.clone();
    let sender = Sender::new(
        &config.base_url,
        examination.policy(),
        examination.deadline(),
        redactor.clone(),
    );
    let sender = match sender {
        Ok(sender) => sender,
        Err(error) => {
            let finding = Part::Smartlead.failed(LISTING, error.fault());
            return vec![finding.remedy(error.remedy())];
        }
    };
    let size = config.page_size;
    let smartlead = Smartlead::new(config, sender, redactor, Progress::new(false));
    let asked = Instant::now();
    let probe = smartlead.probe().await;
    let (latency, now) = (asked.elapsed(), examination.run.now());
    match probe {
        Ok(probe) => {
            let mut findings = vec![listing(&probe).took(latency)];
            findings.extend(allowance(&probe.allowance));
            findings.push(largest_fleet(parts, size, probe.allowance.limit));
            findings.extend(clock::finding("Smartlead", probe.date, now));
            findings
        }
        Err(error) => {
            let finding = Part::Smartlead.failed(LISTING, error.fault());
            let finding = finding.took(latency).remedy(error.remedy());
            vec![finding, largest_fleet(parts, size, None)]
        }
    }
}

/// The largest fleet that can be read in a run, by the settings and by what the `server` says that
/// it takes, which its guide counts in minutes.
fn largest_fleet(parts: &Parts, size: usize, server: Option<u64>) -> Finding {
    const CHECK: &str = "largest fleet";
    let concerned = ["RATE_LIMIT_", "RUN_TIMEOUT_", "PAGE_SIZE"];
    if let Some(lacking) = settings::lacking(parts, &concerned) {
        return Part::Smartlead.skipped(CHECK, lacking);
    }
    let common = &parts.common;
    let time = listing_time(common.run_timeout);
    let limit = common.policy.rate_limit;
    let ours = Pages::at(size, limit);
    let theirs = server.and_then(|limit| u32::try_from(limit).ok());
    let theirs = theirs.and_then(NonZeroU32::new).map(|requests| RateLimit {
        requests,
        period: MINUTE,
    });
    let theirs = Pages::at(size, theirs);
    let terms = format!(
        "RUN_TIMEOUT_SECS={}, {}, pages of {size}",
        common.run_timeout.as_secs(),
        match limit {
            Some(RateLimit { requests, period }) => {
                format!("{requests} requests in {} s", period.as_secs())
            }
            None => "no limit of requests".to_owned(),
        }
    );
    let detail = match ours.largest(time) {
        Some(0) => {
            let finding = Part::Smartlead.warning(CHECK, format!("none fits ({terms})"));
            return finding.remedy("Allow more requests, or raise PAGE_SIZE or RUN_TIMEOUT_SECS");
        }
        Some(accounts) => format!("{} accounts fit ({terms})", text::grouped(accounts)),
        None => format!("any fits that the server is fast enough for ({terms})"),
    };
    let detail = match theirs.largest(time) {
        Some(accounts) if theirs.spacing > ours.spacing => format!(
            "{detail}; {} if the limit that Smartlead names is for a minute",
            text::grouped(accounts)
        ),
        _ => detail,
    };
    Part::Smartlead.ok(CHECK, detail)
}

fn listing(probe: &Probe) -> Finding {
    let accounts = match probe.accounts {
        1 => "1 account was read".to_owned(),
        accounts => format!("{accounts} accounts were read"),
    };
    let Probe {
        listing,
        credential,
        refusals,
        ..
    } = probe;
    let detail = format!("{listing} serves and takes the {credential}; {accounts}");
    if !refusals.is_empty() {
        let detail = format!("{detail}. Refused before: {}", refusals.join("; "));
        return Part::Smartlead
            .warning(LISTING, detail)
            .remedy(SmartleadError::REFUSED);
    }
    if probe.lacks_campaigns {
        let detail = format!("{detail}, but not with their campaigns: alerts do without those");
        return Part::Smartlead
            .warning(LISTING, detail)
            .remedy("Look again later; if it stays, the API has changed: please report it");
    }
    if probe.accounts == 0 {
        return Part::Smartlead
            .warning(LISTING, format!("{detail}, for the workspace has none"))
            .remedy("Check that the key belongs to the right workspace");
    }
    Part::Smartlead.ok(LISTING, detail)
}

fn allowance(allowance: &Allowance) -> Option<Finding> {
    let said = [
        allowance.limit.map(|limit| format!("{limit} requests")),
        allowance.remaining.map(|left| format!("{left} left")),
        allowance
            .reset
            .map(|reset| format!("anew at {}", text::time(reset))),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() {
        return None;
    }
    let detail = said.join(", ");
    Some(match allowance.remaining {
        Some(0) => Part::Smartlead
            .warning("rate limit", detail)
            .remedy("Lower RATE_LIMIT_REQUESTS, or give other programs less of the allowance"),
        _ => Part::Smartlead.ok("rate limit", detail),
    })
}
