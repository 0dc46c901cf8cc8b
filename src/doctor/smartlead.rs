//! Whether Smartlead lets us in.

use tokio::time::Instant;

use super::finding::{Finding, Part};
use super::{Examination, clock, settings};
use crate::domain::text;
use crate::http::Sender;
use crate::progress::Progress;
use crate::smartlead::{Allowance, Probe, Smartlead, SmartleadError};

const LISTING: &str = "listing";

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
    let smartlead = Smartlead::new(config, sender, redactor, Progress::new(false));
    let asked = Instant::now();
    let probe = smartlead.probe().await;
    let (latency, now) = (asked.elapsed(), examination.run.now());
    match probe {
        Ok(probe) => {
            let mut findings = vec![listing(&probe).took(latency)];
            findings.extend(allowance(&probe.allowance));
            findings.extend(clock::finding("Smartlead", probe.date, now));
            findings
        }
        Err(error) => {
            let finding = Part::Smartlead.failed(LISTING, error.fault());
            vec![finding.took(latency).remedy(error.remedy())]
        }
    }
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
