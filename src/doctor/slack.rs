//! Whether Slack would take an alert.

use tokio::time::Instant;

use super::finding::{Finding, Part};
use super::{Examination, clock, settings};
use crate::http::{Policy, Sender};
use crate::redact::Redactor;
use crate::slack::{self, Channel, Config, Identity, Slack, SlackError, message};

const TOKEN: &str = "token";
const CHANNEL: &str = "channel";
const TEST: &str = "test message";

/// The scope without which nothing can be posted.
const NEEDED: &str = "chat:write";

/// The scope with which a public channel need not be joined.
const PUBLIC: &str = "chat:write.public";

pub(super) async fn findings(examination: &Examination<'_>) -> Vec<Finding> {
    let parts = examination.parts;
    let skipped = |check, why: String| Part::Slack.skipped(check, why);
    let lacking = settings::lacking(parts, &["SLACK_BOT_TOKEN", "SLACK_BASE_URL"]);
    let config = match (lacking, &parts.slack) {
        (None, Some(config)) => config,
        (lacking, _) => return vec![skipped(TOKEN, lacking.unwrap_or_default())],
    };
    let policy = Policy {
        // The rate holds for messages, of which this is at most one.
        rate_limit: None,
        ..examination.policy()
    };
    let redactor = parts.common.redactor.clone();
    let sender = Sender::new(
        &config.base_url,
        policy,
        examination.deadline(),
        redactor.clone(),
    );
    let slack = match sender {
        Ok(sender) => Slack::new(config.clone(), sender),
        Err(error) => {
            let finding = Part::Slack.failed(TOKEN, error.fault());
            return vec![finding.remedy(error.remedy())];
        }
    };
    let asked = Instant::now();
    let identity = match slack.whoami().await {
        Ok(identity) => identity,
        Err(error) => {
            let mut findings = vec![failed(TOKEN, &error).took(asked.elapsed())];
            let why = "the token was not taken, or not looked at";
            findings.push(skipped(CHANNEL, why.to_owned()));
            if examination.options.post {
                findings.push(skipped(TEST, why.to_owned()));
            }
            return findings;
        }
    };
    let (latency, now) = (asked.elapsed(), examination.run.now());
    let mut findings = vec![
        token(&identity, &redactor).took(latency),
        scopes(&identity, &redactor),
    ];
    findings.extend(clock::finding("Slack", identity.date, now));
    if let Some(lacking) = settings::lacking(parts, &["SLACK_CHANNEL_ID"]) {
        findings.push(skipped(CHANNEL, lacking.clone()));
        if examination.options.post {
            findings.push(skipped(TEST, lacking));
        }
        return findings;
    }
    findings.extend(channel(&slack, config, &identity, &redactor).await);
    if examination.options.post {
        findings.push(post(&slack, examination).await);
    }
    findings
}

fn failed(check: &'static str, error: &SlackError) -> Finding {
    let finding = Part::Slack.failed(check, error.fault());
    finding.remedy(error.remedy())
}

fn token(identity: &Identity, redactor: &Redactor) -> Finding {
    let Identity { team, user, .. } = identity;
    if identity.is_bot {
        let detail = format!("bot user {user:?} of workspace {team:?}");
        return Part::Slack.ok(TOKEN, detail);
    }
    let detail = format!("user {user:?} of workspace {team:?}, which is not a bot");
    let remedy = slack::remedy("not_allowed_token_type", None, redactor);
    Part::Slack.warning(TOKEN, detail).remedy(remedy)
}

fn scopes(identity: &Identity, redactor: &Redactor) -> Finding {
    const CHECK: &str = "scopes";
    let Some(scopes) = &identity.scopes else {
        return Part::Slack.skipped(CHECK, "Slack did not say which are granted");
    };
    let granted = match scopes.is_empty() {
        true => "none".to_owned(),
        false => scopes.join(", "),
    };
    if has(identity, NEEDED) == Some(true) {
        return Part::Slack.ok(CHECK, format!("granted: {granted}"));
    }
    let remedy = slack::remedy("missing_scope", Some(NEEDED), redactor);
    let detail = format!("{NEEDED} is missing; granted: {granted}");
    Part::Slack.failed(CHECK, detail).remedy(remedy)
}

/// Whether a scope is granted, if that is known.
fn has(identity: &Identity, scope: &str) -> Option<bool> {
    let scopes = identity.scopes.as_ref()?;
    Some(scopes.iter().any(|granted| granted == scope))
}

async fn channel(
    slack: &Slack,
    config: &Config,
    identity: &Identity,
    redactor: &Redactor,
) -> Vec<Finding> {
    let Some(id) = config.channel_id() else {
        let detail = "SLACK_CHANNEL_ID is a name, and Slack shows channels by their id only; \
            --post tries it";
        // What Slack says of names where it takes none at all.
        let remedy = slack::remedy("team_not_found", None, redactor);
        return vec![Part::Slack.skipped(CHANNEL, detail).remedy(remedy)];
    };
    let asked = Instant::now();
    let found = slack.channel(id).await;
    let latency = asked.elapsed();
    let channel = match found {
        Ok(channel) => channel,
        Err(error) => return vec![unseen(&error, identity).took(latency)],
    };
    let kind = if channel.is_private {
        "private"
    } else {
        "public"
    };
    let detail = format!("#{} is there and {kind}", channel.name);
    if channel.is_archived {
        let detail = format!("{detail}, but archived");
        let remedy = slack::remedy("is_archived", None, redactor);
        let finding = Part::Slack.failed(CHANNEL, detail).remedy(remedy);
        return vec![finding.took(latency)];
    }
    vec![
        Part::Slack.ok(CHANNEL, detail).took(latency),
        membership(&channel, identity, redactor),
    ]
}

/// A channel that Slack does not show.
fn unseen(error: &SlackError, identity: &Identity) -> Finding {
    let code = match error {
        SlackError::Refused { code, .. } => code.as_str(),
        SlackError::Send(_) => "",
    };
    match code {
        "missing_scope" => {
            let detail = "whether it exists, is archived and has the bot as a member cannot be \
                looked up with these scopes; --post tries it";
            Part::Slack.skipped(CHANNEL, detail).remedy(error.remedy())
        }
        "channel_not_found" if has(identity, "groups:read") == Some(false) => {
            let detail = format!(
                "{}; a private one is shown with the scope groups:read only",
                error.fault()
            );
            Part::Slack.failed(CHANNEL, detail).remedy(error.remedy())
        }
        _ => failed(CHANNEL, error),
    }
}

fn membership(channel: &Channel, identity: &Identity, redactor: &Redactor) -> Finding {
    const CHECK: &str = "membership";
    let invite = || slack::remedy("not_in_channel", None, redactor);
    match (channel.is_member, has(identity, PUBLIC)) {
        (None, _) => Part::Slack.skipped(CHECK, "Slack did not say whether the bot is a member"),
        (Some(true), _) => Part::Slack.ok(CHECK, "the bot is a member"),
        (Some(false), Some(true)) if !channel.is_private => Part::Slack.ok(
            CHECK,
            format!("the bot is not a member, and {PUBLIC} lets it post"),
        ),
        (Some(false), None) if !channel.is_private => Part::Slack
            .warning(
                CHECK,
                format!("the bot is not a member, and may post only with {PUBLIC}"),
            )
            .remedy(invite()),
        (Some(false), _) => Part::Slack
            .failed(CHECK, "the bot is not a member")
            .remedy(invite()),
    }
}

async fn post(slack: &Slack, examination: &Examination<'_>) -> Finding {
    let run = examination.run;
    let message = message::trial(&run.id, run.now());
    let asked = Instant::now();
    let posted = slack.post(&message, None).await;
    let finding = match posted {
        Ok(receipt) => {
            let detail = format!("posted to channel {}, ts {}", receipt.channel, receipt.ts);
            Part::Slack.ok(TEST, detail)
        }
        Err(error) if error.may_have_posted() => {
            let detail = format!("{}. It may be in the channel all the same", error.fault());
            Part::Slack.failed(TEST, detail).remedy(error.remedy())
        }
        Err(error) => failed(TEST, &error),
    };
    finding.took(asked.elapsed())
}
