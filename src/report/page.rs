//! The template of the page. Everything that is not a literal here is escaped by the template's
//! crate; words of others are cleaned before, and set apart by `bdi` so that a name that is
//! written from right to left does not reorder what stands beside it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::numbers::{counted, grouped, share};
use super::tables::{chronic, down_now, head, last_checks, name, number, outcome, stamp};
use super::words::{ago, date, length, peak, span, sum};
use super::{DurationClass, Group, Report, Totals, charts, time};
use crate::domain::figures::Dimension;
use crate::domain::text::clean;

/// Bars of a chart of groups.
const MOST_GROUPS: usize = 10;

/// Names are cut to this many characters where they are not what the row is about.
const LONGEST_NAME: usize = 60;

const STYLE: PreEscaped<&str> = PreEscaped(include_str!("page.css"));

/// Nothing may be loaded and nothing run; the one style sheet and the places of bars are inline.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The whole page.
pub(super) fn render(report: &Report) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                meta name="generator" content={ "monitor " (env!("CARGO_PKG_VERSION")) };
                title { "Mailbox connections, " (date(report.generated_at.date_naive())) }
                style { (STYLE) }
            }
            body {
                (charts::patterns())
                header {
                    h1 { "Mailbox connections" }
                    p { "As of " (stamp(report.generated_at)) " UTC. All days and times are UTC." }
                }
                main {
                    @if report.is_empty() { (nothing_yet()) } @else { (everything(report)) }
                }
            }
        }
    };
    page.into_string()
}

fn nothing_yet() -> Markup {
    html! {
        section.card.now {
            h2 { "No check has run yet" }
            p.lead {
                "So nothing is known of any account. Run " code { "monitor" }
                " once, and then write this report again."
            }
            p {
                "If checks do run, this report was written with another " code { "DATABASE_URL" }
                " than theirs."
            }
        }
    }
}

fn everything(report: &Report) -> Markup {
    html! {
        @if !report.warnings.is_empty() {
            section.card.warning aria-label="Warnings" {
                @for warning in &report.warnings {
                    p { span aria-hidden="true" { "⚠ " } bdi { (warning) } }
                }
            }
        }
        (now(report))
        (per_day(report))
        (over_time(report))
        (down_now(report))
        @if report.by_type.is_empty() {
            section.card {
                h2 { "Disconnections of the last 30 days" }
                p.none { "There were none." }
            }
        } @else {
            div.columns {
                div {
                    (durations(report))
                    (by_group(Dimension::SendingDomain, "By sending domain", &report.by_sending_domain))
                }
                div {
                    (by_group(Dimension::Cause, "By cause", &report.by_cause))
                    (by_group(Dimension::AccountType, "By provider type", &report.by_type))
                    (by_group(Dimension::Client, "By client", &report.by_client))
                    (by_group(Dimension::Tag, "By tag", &report.by_tag))
                }
            }
            (chronic(report))
        }
        (last_checks(report))
        footer {
            p {
                "Made by monitor. Down is what a check saw with a failing SMTP or IMAP link and has "
                "not seen connected since. Disconnections that ended before "
                (date(report.since.date_naive())) ", or that were deleted after RETENTION_DAYS, are "
                "not counted by length, cause, provider, domain, client, tag and account."
            }
        }
    }
}

/// What a manager reads.
fn now(report: &Report) -> Markup {
    let down = &report.disconnected;
    let today = report.days.last();
    html! {
        section.card.now aria-labelledby="now" {
            div.headline {
                h2 #now {
                    @if report.last_applied_at.is_none() && down.total == 0 {
                        "Not known yet"
                    } @else {
                        strong.number.zero[down.total == 0] { (grouped(down.total)) }
                        " "
                        (of_how_many(down.total, report.accounts))
                    }
                }
                @if down.total > 0 {
                    (charts::kinds(down))
                    (kinds(down))
                    p.jump { a href="#down" { "Which they are" } }
                }
            }
            dl.facts {
                @if let Some(check) = report.checks.first() {
                    div {
                        dt { "Last check" }
                        dd { (ago(check.started_at, report.generated_at)) }
                        dd.note { (outcome(check.outcome)) ", " (stamp(check.started_at)) }
                    }
                }
                @if let Some(today) = today {
                    div {
                        dt { "Today" }
                        dd {
                            (grouped(today.disconnected)) " down, "
                            (grouped(today.reconnected)) " back"
                        }
                        dd.note { "since midnight UTC" }
                    }
                }
                @if let Some(time) = &report.time_to_reconnect {
                    div {
                        dt { "Median time to reconnect" }
                        dd { (length(time.median_seconds)) }
                        dd.note {
                            "mean " (length(time.mean_seconds)) ", of "
                            (counted(time.disconnections, "disconnection", "disconnections"))
                        }
                    }
                }
                @if let Some(longest) = report.down.last() {
                    div {
                        dt { "Down the longest" }
                        dd { (length(longest.down_seconds)) }
                        dd.note { bdi { (clean(&name(&longest.account), LONGEST_NAME)) } }
                    }
                }
            }
        }
    }
}

fn of_how_many(down: u64, accounts: Option<u64>) -> Markup {
    let is = if down == 1 { "is" } else { "are" };
    html! {
        @match accounts {
            Some(accounts) => {
                "of " (counted(accounts, "account", "accounts")) " " (is) " down"
                @if down > 0 {
                    span.share { (format!(" ({:.1}\u{a0}%)", share(down, accounts, 100.0))) }
                }
            }
            None => { (if down == 1 { "account" } else { "accounts" }) " " (is) " down" }
        }
    }
}

fn kinds(down: &Totals) -> Markup {
    let kinds = [
        ("both", down.both, "neither send nor receive (BOTH)"),
        ("smtp", down.smtp, "cannot send (SMTP)"),
        ("imap", down.imap, "cannot receive (IMAP)"),
    ];
    html! {
        ul.key {
            @for (class, count, words) in kinds { (key(class, "", count, words)) }
        }
    }
}

fn per_day(report: &Report) -> Markup {
    html! {
        section.card aria-labelledby="per-day" {
            h2 #per-day { "Disconnected and reconnected per day" }
            (days_note(report))
            ul.key {
                (key("down", "▲ ", sum(report, |day| day.disconnected), "went down"))
                (key("back", "▼ ", sum(report, |day| day.reconnected), "came back"))
                (hatched(report))
            }
            (time::per_day(report))
        }
    }
}

fn over_time(report: &Report) -> Markup {
    html! {
        section.card aria-labelledby="over-time" {
            h2 #over-time { "Down over time" }
            p.note { "How many accounts were down after each check. " (peak(report)) }
            ul.key { (hatched(report)) }
            (time::open_over_time(report))
            details {
                summary { "Both charts as a table" }
                table {
                    caption { "Per day, in UTC" }
                    (head(&["Day", "Went down", "Came back", "Down at its end", "Complete checks"]))
                    tbody {
                        @for day in report.days.iter().rev() {
                            tr {
                                th scope="row" { (date(day.date)) }
                                td { (grouped(day.disconnected)) }
                                td { (grouped(day.reconnected)) }
                                td { (number(day.open)) }
                                td { (grouped(day.checks)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn days_note(report: &Report) -> Markup {
    html! { @if let Some(span) = span(report) { p.note { (span) } } }
}

/// What a colour of a chart means, and how many there are of it.
pub(super) fn key(class: &str, sign: &str, count: u64, words: &str) -> Markup {
    html! { li { span.swatch.(class) {} (sign) strong { (grouped(count)) } " " (words) } }
}

/// What the hatching of a chart means, where there is any.
fn hatched(report: &Report) -> Markup {
    html! {
        @if !report.blind.is_empty() {
            li {
                svg.swatch aria-hidden="true" { rect.blind width="100%" height="100%" {} }
                "no complete check, so not known"
            }
        }
    }
}

fn durations(report: &Report) -> Markup {
    let of = |value: fn(&DurationClass) -> u64| {
        report
            .durations
            .iter()
            .map(value)
            .fold(0, u64::saturating_add)
    };
    html! {
        section.card aria-labelledby="durations" {
            h2 #durations { "How long disconnections last" }
            @match &report.time_to_reconnect {
                Some(time) => p.note {
                    "Until reconnected: median " (length(time.median_seconds)) ", mean "
                    (length(time.mean_seconds)) "."
                },
                None => p.note { "None has been seen connected again in this time." },
            }
            ul.key {
                (key("back", "", of(|class| class.reconnected), "reconnected"))
                (key("down", "", of(|class| class.still_down), "still down, so far"))
            }
            (charts::durations(&report.durations))
        }
    }
}

fn by_group(dimension: Dimension, title: &str, groups: &[Group]) -> Markup {
    let id = title.to_lowercase().replace(' ', "-");
    let name = |group: &Group| clean(dimension.in_words(&group.name), LONGEST_NAME);
    let (shown, rest) = groups.split_at(groups.len().min(MOST_GROUPS));
    let of = |value: fn(&Group) -> u64| rest.iter().map(value).fold(0, u64::saturating_add);
    let most = shown.first().map_or(0, |first| first.disconnections);
    html! {
        section.card aria-labelledby=(id) {
            h2 id=(id) { (title) }
            table.bars {
                caption.hidden { (title) ": disconnections of the last 30 days" }
                thead {
                    tr {
                        th scope="col" { span.hidden { "Name" } }
                        th scope="col" {
                            span.swatch.down {} "down now " span.swatch.back {} "over"
                        }
                        th scope="col" { "down now of all" }
                    }
                }
                tbody {
                    @for group in shown {
                        tr {
                            th scope="row" { bdi { (name(group)) } }
                            td { (charts::bar(group.disconnections, group.down, most)) }
                            (down_of_all(group.down, group.disconnections))
                        }
                    }
                    @if !rest.is_empty() {
                        tr {
                            th scope="row" { (counted(rest.len() as u64, "other", "others")) }
                            td {}
                            (down_of_all(of(|rest| rest.down), of(|rest| rest.disconnections)))
                        }
                    }
                }
            }
        }
    }
}

fn down_of_all(down: u64, all: u64) -> Markup {
    html! { td { strong { (grouped(down)) } " of " (grouped(all)) } }
}
