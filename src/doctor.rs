//! Looks at everything that a check needs, and says what is wrong and what to do. Leaves nothing
//! behind, but for the test message that `--post` asks for.

mod clock;
mod database;
mod files;
mod finding;
mod settings;
mod slack;
mod smartlead;

use std::time::Duration;

use tokio::time::Instant;

use crate::check::Run;
use crate::cli::DoctorOptions;
use crate::config::{EnvFileError, Environment, Parts};
use crate::github::Job;
use crate::http::Policy;
pub use finding::{Finding, Part, Status, text};

/// How long one request, or one operation of the database, may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long a part may take. All are looked at together, so it is over by then.
const PART_LIMIT: Duration = Duration::from_secs(45);

/// More than any finding has to say.
const LONGEST_TEXT: usize = 1_000;

/// What all parts have in common.
struct Examination<'a> {
    parts: &'a Parts,
    options: &'a DoctorOptions,
    run: &'a Run,
}

impl Examination<'_> {
    /// As the settings have it, but for patience: somebody is waiting.
    fn policy(&self) -> Policy {
        let policy = self.parts.common.policy;
        Policy {
            max_attempts: 1,
            request_timeout: policy.request_timeout.min(REQUEST_LIMIT),
            ..policy
        }
    }

    fn deadline(&self) -> Instant {
        self.run.deadline(PART_LIMIT)
    }
}

/// Looks at every part, whatever the others are like; the findings in the order of the parts.
/// `environment` is what the settings were read from, `job` that of GitHub Actions around it.
pub async fn examine(
    parts: &Parts,
    environment: &Result<Environment, EnvFileError>,
    options: &DoctorOptions,
    job: &Job,
    run: &Run,
) -> Vec<Finding> {
    let examination = Examination {
        parts,
        options,
        run,
    };
    let (smartlead, slack, database) = tokio::join!(
        smartlead::findings(&examination),
        slack::findings(&examination),
        database::findings(&examination),
    );
    let file = environment.as_ref().map(Environment::path);
    let mut findings = settings::findings(parts, &file, job, run.started_at());
    findings.extend(smartlead.into_iter().chain(slack).chain(database));
    findings.extend(files::findings(&parts.common, run.started_at()));
    if !findings.iter().any(|finding| finding.part == Part::Clock) {
        findings.push(Part::Clock.skipped("servers", "none has told its time"));
    }
    findings.sort_by_key(|finding| finding.part);
    // What servers and files have to say is theirs, and so is what they echo.
    let redactor = &parts.common.redactor;
    for finding in &mut findings {
        finding.detail = redactor.excerpt(&finding.detail, LONGEST_TEXT);
        finding.remedy = finding
            .remedy
            .as_deref()
            .map(|remedy| redactor.excerpt(remedy, LONGEST_TEXT));
    }
    findings
}

/// The exit code of the process: 1 if a part fails.
pub fn exit_code(findings: &[Finding]) -> u8 {
    let failed = |finding: &Finding| finding.status == Status::Failed;
    findings.iter().any(failed).into()
}
