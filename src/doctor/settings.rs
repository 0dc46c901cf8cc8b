//! What the settings are, as far as that may be shown.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::{Finding, Part, Status};
use crate::config::{EnvFileError, Fault, Form, Masked, Parts};
use crate::domain::text;
use crate::github::{self, Job};
use crate::store::Database;

/// Who has so little time left has to act before the next working day.
const SOON: TimeDelta = TimeDelta::hours(24);

/// How often a check is meant to run.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// What the settings are. `file` is the one that they were read from, if there was one.
pub(super) fn findings(
    parts: &Parts,
    file: &Result<Option<&Path>, &EnvFileError>,
    job: &Job,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let is_sound = |secret: &&Masked| !parts.faults.iter().any(|f| f.setting == secret.setting);
    let mut findings = vec![env_file(file)];
    let sound = parts.secrets.iter().filter(is_sound);
    findings.extend(sound.map(|secret| one(secret, now)));
    findings.extend(parts.database.as_ref().map(|url| database(url, job)));
    if parts.common.heartbeat_url.is_none() {
        let detail = "not set, which is optional; with it you are told when the checks stop";
        findings.push(Part::Settings.ok("HEARTBEAT_URL", detail));
    }
    if !parts.empty.is_empty() {
        let empty = parts.empty.join(", ");
        let detail = format!("{empty}: set to nothing, which counts as not set");
        findings.push(Part::Settings.ok("empty", detail));
    }
    if parts.common.run_timeout >= INTERVAL {
        let detail = "an hour or more: of two hourly checks the second may find the lease taken";
        let finding = Part::Settings.warning("RUN_TIMEOUT_SECS", detail);
        findings.push(finding.remedy("Set it below the time from one check to the next"));
    }
    findings.extend(parts.faults.iter().map(|fault| faulty(fault, parts)));
    findings
}

fn env_file(file: &Result<Option<&Path>, &EnvFileError>) -> Finding {
    const CHECK: &str = ".env";
    match file {
        Ok(Some(path)) => Part::Settings.ok(CHECK, format!("{} is read", path.display())),
        Ok(None) => Part::Settings.ok(CHECK, "there is none; all is from the environment"),
        Err(error) => Part::Settings
            .failed(CHECK, error.fault())
            .remedy(error.remedy()),
    }
}

fn database(database: &Database, job: &Job) -> Finding {
    const CHECK: &str = "DATABASE_URL";
    match database {
        Database::Sqlite(_) if job.forgets_files() => Part::Settings
            .warning(CHECK, github::FORGETS)
            .remedy(github::REMEMBER),
        _ => Part::Settings.ok(CHECK, database.to_string()),
    }
}

fn one(secret: &Masked, now: DateTime<Utc>) -> Finding {
    let (status, ends) = match secret.form {
        Form::Jwt {
            expires_at: Some(end),
        } if end <= now => (
            Status::Warning,
            format!("; it expired {} ago", text::duration(now - end)),
        ),
        Form::Jwt {
            expires_at: Some(end),
        } => {
            let status = match end - now < SOON {
                true => Status::Warning,
                false => Status::Ok,
            };
            let left = text::duration(end - now);
            (status, format!("; it expires in {left}"))
        }
        _ => (Status::Ok, String::new()),
    };
    let finding = Part::Settings.finding(secret.setting, status, format!("{secret}{ends}"));
    match status {
        Status::Ok => finding,
        _ => finding.remedy(
            "Copy a new one from a logged-in session of Smartlead, or use SMARTLEAD_API_KEY, which stays valid",
        ),
    }
}

fn faulty(fault: &Fault, parts: &Parts) -> Finding {
    let (words, remedy) = fault.fault_and_remedy();
    let secret = parts.secrets.iter().find(|s| s.setting == fault.setting);
    let detail = match secret {
        Some(secret) => format!("{words}; it is set to: {secret}"),
        None => words.to_owned(),
    };
    let remedy = match remedy {
        Some(remedy) => text::sentence(remedy),
        None => "Correct it in the environment or in .env".to_owned(),
    };
    Part::Settings.failed(fault.setting, detail).remedy(remedy)
}

/// The settings of a part that have to be corrected before it can be looked at, if there are any.
pub(super) fn lacking(parts: &Parts, prefixes: &[&str]) -> Option<String> {
    let is_ours = |name: &&str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let ours = parts.faults.iter().map(|fault| fault.setting);
    let ours: Vec<&str> = ours.filter(is_ours).collect();
    (!ours.is_empty()).then(|| format!("to be corrected first: {}", ours.join(", ")))
}
