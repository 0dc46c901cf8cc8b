//! Statements that both engines understand as they are. Each engine adds those in which it
//! unpacks JSON its own way.

pub(super) const LEASE_HOLDER: &str = "select holder, expires_at from run_lease where name = $1";

pub(super) const RELEASE_LEASE: &str = "delete from run_lease where name = $1 and holder = $2";

/// Changes nothing, but says by its row whether the lease is still ours, and locks it where
/// statements that travel together are one transaction.
pub(super) const HOLD_LEASE: &str = "
    update run_lease set holder = $2 where name = $1 and holder = $2";

pub(super) const COUNTS: &str = "
    select count(case when is_active then 1 end) as open,
           count(case when is_active and announced_at is null and told_as in ('alert', 'incident')
                      then 1 end) as untold,
           count(case when not is_active then 1 end) as resolved
      from disconnected_accounts where workspace = 'default';";

/// Fails where the table is missing.
pub(super) const TABLE: &str = "select 1 from disconnected_accounts limit 1";

/// What is open, behind a `select` of the columns of [`super::Stored`].
pub(super) const OPEN: &str = "
      from disconnected_accounts
     where is_active and workspace = 'default'
     order by account_id";

/// What is open or ended at `$1` or later, likewise. Rows of the Python version may lack the time of
/// their resolution.
pub(super) const CYCLES: &str = "
      from disconnected_accounts
     where workspace = 'default' and (is_active or coalesce(resolved_at, detected_at) >= $1)";

pub(super) const RUNS: &str = "
    select run_id, started_at, finished_at, outcome, accounts_seen, disconnected,
           newly_disconnected, reconnected, error
      from check_runs order by id desc limit $1";

/// A run whose listing was applied has its size, however it ended. `failing` are the runs since
/// the last good one. `told` is the last failure that the sink knows of without knowing of its end;
/// `failed` are the runs in a row around it, and `blind` those of them that read nothing.
pub(super) const HISTORY: &str = "
    with good as (select id from check_runs where outcome in ('complete', 'untold')),
         failing as (select * from check_runs where id > (select coalesce(max(id), 0) from good)),
         told as (select max(id) as id from check_runs
                   where failure_told_at is not null and recovery_told_at is null),
         failed as (select check_runs.* from check_runs, told
                     where told.id is not null
                       and check_runs.id > (select coalesce(max(good.id), 0) from good
                                             where good.id < told.id)
                       and check_runs.id < (select coalesce(min(good.id), 9223372036854775807)
                                              from good where good.id > told.id)),
         blind as (select min(id) as first, max(id) as last from failed
                    where accounts_seen is null),
         applied as (select id, started_at, accounts_seen from check_runs
                      where accounts_seen is not null),
         unannounced as (select resolution, announce_attempted_at from disconnected_accounts
                          where not is_active and announced_at is null and told_as = 'alert'
                            and workspace = 'default')
    select (select accounts_seen from applied order by id desc limit 1) as last_size,
           (select started_at from applied order by id desc limit 1) as last_applied,
           (select count(*) from failing) as failing,
           (select started_at from failing order by id limit 1) as failing_since,
           (select max(failure_told_at) from failing where outcome <> 'short') as failure_told_at,
           (select max(failure_told_at) from failing where outcome = 'short') as short_told_at,
           (select count(*) from failed) as failed,
           (select started_at from failed order by id limit 1) as failed_since,
           (select started_at from applied, blind where id < blind.first
             order by id desc limit 1) as blind_from,
           (select started_at from applied, blind where id > blind.last
             order by id limit 1) as blind_to,
           (select count(*) from blind where first is not null) as blind,
           (select count(*) from unannounced where resolution is distinct from 'removed')
             as reconnected,
           (select count(*) from unannounced where resolution = 'removed') as removed,
           (select count(*) from unannounced where announce_attempted_at is not null)
             as perhaps_told,
           (select count(*) from disconnected_accounts
             where announced_at is null and told_as = 'chronic' and workspace = 'default')
             as folded,
           (select count(*) from disconnected_accounts
             where announced_at is null and told_as = 'chronic' and workspace = 'default'
               and announce_attempted_at is not null) as folded_perhaps_told,
           (select coalesce(max(id), 0) from incidents) as last_incident,
           (select coalesce(attempted_at, told_at) from notices where name = 'daily') as daily_at";

/// The incidents that are open, and those of whose end the sink has yet to hear, without the
/// disconnections that are open.
pub(super) const INCIDENTS: &str = "
    select id, cause, scope, scope_value, opened_at, closed_at, headline_accounts, slack_channel,
           slack_ts, attempted_at is not null as attempted,
           close_attempted_at is not null as close_attempted,
           (select count(distinct account_id) from disconnected_accounts as member
             where not is_active and incident_id = incidents.id
               and not exists (select 1 from disconnected_accounts as again
                                where again.is_active and again.workspace = member.workspace
                                  and again.account_id = member.account_id
                                  and again.incident_id = member.incident_id)) as resolved,
           (select count(*) from disconnected_accounts
             where not is_active and incident_id = incidents.id and announced_at is null) as unseen,
           (select count(*) from disconnected_accounts
             where not is_active and incident_id = incidents.id and announced_at is null
               and announce_attempted_at is not null) as unseen_perhaps_told
      from incidents where close_told_at is null and workspace = 'default' order by id;";

/// Who was part of an open incident before.
pub(super) const MEMBERS: &str = "
    select distinct incident_id, account_id from disconnected_accounts
     where not is_active and workspace = 'default'
       and incident_id in (select id from incidents
                            where closed_at is null and workspace = 'default');";

/// All incidents that are on record, likewise; there may be many, so what they hold is counted at
/// once.
pub(super) const PAST_INCIDENTS: &str = "
    select id, cause, scope, scope_value, opened_at, closed_at, headline_accounts, slack_channel,
           slack_ts, attempted_at is not null as attempted,
           close_attempted_at is not null as close_attempted,
           coalesce(resolved, 0) as resolved, coalesce(unseen, 0) as unseen,
           coalesce(unseen_perhaps_told, 0) as unseen_perhaps_told
      from incidents
      left join (select incident_id,
                        count(distinct account_id) - count(case when is_active then 1 end)
                            as resolved,
                        count(case when not is_active and announced_at is null then 1 end)
                            as unseen,
                        count(case when not is_active and announced_at is null
                                   then announce_attempted_at end) as unseen_perhaps_told
                   from disconnected_accounts
                  where incident_id is not null
                  group by incident_id) as members on incident_id = id
     where workspace = 'default' order by id desc";

pub(super) const APPLIED: &str = "
    select started_at from check_runs where accounts_seen is not null order by id desc limit $1";

/// That an account is part of an incident is no relapse, but that it goes down again in the same one
/// is. Doubles of the Python version end where they began.
pub(super) const RELAPSES: &str = "
    select account_id, count(*) - count(distinct incident_id) as cycles from disconnected_accounts
     where not is_active and detected_at > $1 and resolved_at > detected_at
       and workspace = 'default'
     group by account_id having count(*) - count(distinct incident_id) > 1";

pub(super) const CHRONIC: &str = "
    select account_id, told_at,
           (select count(*) - count(distinct cycle.incident_id) from disconnected_accounts as cycle
             where cycle.account_id = chronic.account_id and cycle.workspace = chronic.workspace
               and cycle.detected_at > $1) as cycles,
           (select count(*) from disconnected_accounts as cycle
             where cycle.account_id = chronic.account_id and cycle.workspace = chronic.workspace
               and cycle.is_active) as down,
           (select max(cycle.resolved_at) from disconnected_accounts as cycle
             where cycle.account_id = chronic.account_id and cycle.workspace = chronic.workspace)
             as resolved_at,
           (select cycle.from_email from disconnected_accounts as cycle
             where cycle.account_id = chronic.account_id and cycle.workspace = chronic.workspace
             order by cycle.id desc limit 1) as address
      from chronic_accounts as chronic where workspace = 'default' order by account_id";

/// What is to be told of reconnections, by the message that told of the disconnection.
pub(super) const RECOVERIES: &str = "
    select slack_channel, slack_ts, count(*) as accounts,
           count(recovery_attempted_at) as perhaps_told
      from disconnected_accounts where recovery_due and workspace = 'default'
     group by slack_channel, slack_ts order by slack_ts;";

/// Those that were down the longest of what is to be told, behind a `select` of the columns of
/// [`super::Stored`].
pub(super) const RECOVERED: &str = "
      from disconnected_accounts where recovery_due and workspace = 'default'
     order by detected_at, account_id limit $1";

pub(super) const OUTBOX: &str = "select month, line from audit_outbox order by id";

pub(super) const EMPTY_OUTBOX: &str = "
    delete from audit_outbox
     where exists (select 1 from run_lease where name = $1 and holder = $2)";

/// The time of the first attempt stays, so that a later one can be taken back alone.
pub(super) const ATTEMPT: &str = "
    update disconnected_accounts set announce_attempted_at = coalesce(announce_attempted_at, $1)
     where announced_at is null and workspace = 'default'
       and told_as = $7 and coalesce(incident_id, 0) = $8
       and (is_active and ($3 = 1 or account_id in ($2)) or not is_active and $4 = 1)
       and exists (select 1 from run_lease where name = $5 and holder = $6)";

pub(super) const ATTEMPT_HEADLINE: &str = "
    update incidents set attempted_at = coalesce(attempted_at, $1)
     where id = $2 and exists (select 1 from run_lease where name = $3 and holder = $4)";

pub(super) const ATTEMPT_END: &str = "
    update incidents set close_attempted_at = coalesce(close_attempted_at, $1)
     where id = $2 and exists (select 1 from run_lease where name = $3 and holder = $4)";

pub(super) const ATTEMPT_RECOVERY: &str = "
    update disconnected_accounts set recovery_attempted_at = coalesce(recovery_attempted_at, $1)
     where recovery_due and workspace = 'default'
       and ($2 = 1 or slack_channel = $3 and slack_ts = $4)
       and exists (select 1 from run_lease where name = $5 and holder = $6)";

/// By the start of the run, so that what is given once a day keeps its hour.
pub(super) const ATTEMPT_NOTICE: &str = "
    insert into notices (name, attempted_at)
    select $1, started_at from check_runs
     where run_id = $3 and exists (select 1 from run_lease where name = $2 and holder = $3)
    on conflict (name) do update set attempted_at = excluded.attempted_at";

pub(super) const WITHDRAW: &str = "
    update disconnected_accounts set announce_attempted_at = null
     where announced_at is null and workspace = 'default' and announce_attempted_at = $1
       and exists (select 1 from run_lease where name = $2 and holder = $3);
    update disconnected_accounts set recovery_attempted_at = null
     where recovery_due and workspace = 'default' and recovery_attempted_at = $1
       and exists (select 1 from run_lease where name = $2 and holder = $3);
    update incidents set attempted_at = null
     where attempted_at = $1
       and exists (select 1 from run_lease where name = $2 and holder = $3);
    update incidents set close_attempted_at = null
     where close_attempted_at = $1
       and exists (select 1 from run_lease where name = $2 and holder = $3);
    update notices set attempted_at = told_at
     where attempted_at = (select started_at from check_runs where run_id = $3)
       and exists (select 1 from run_lease where name = $2 and holder = $3)";

pub(super) const MARK_TOLD: &str = "
    update disconnected_accounts set announced_at = $1, slack_channel = $2, slack_ts = $3
     where workspace = 'default' and told_as = $9 and coalesce(incident_id, 0) = $10
       and (is_active and (account_id in ($4) or announced_at is null and $5 = 1)
            or not is_active and announced_at is null and $6 = 1)
       and exists (select 1 from run_lease where name = $7 and holder = $8)";

/// An account that is chronic is told as that by the alert that lists it.
pub(super) const CHRONIC_TOLD: &str = "
    update chronic_accounts set told_at = $1
     where told_at is null and workspace = 'default'
       and account_id in (select account_id from disconnected_accounts
                           where is_active and told_as = 'alert' and announced_at = $1)
       and exists (select 1 from run_lease where name = $2 and holder = $3)";

pub(super) const HEADLINE_TOLD: &str = "
    update incidents
       set announced_at = $1, attempted_at = null, slack_channel = $2, slack_ts = $3,
           headline_accounts = $4
     where id = $5 and exists (select 1 from run_lease where name = $6 and holder = $7)";

pub(super) const END_TOLD: &str = "
    update incidents set close_told_at = $1, close_attempted_at = null
     where id = $2 and exists (select 1 from run_lease where name = $3 and holder = $4)";

pub(super) const RECOVERY_OF_ACCOUNTS_TOLD: &str = "
    update disconnected_accounts set recovery_due = false
     where recovery_due and workspace = 'default'
       and ($1 = 1 or slack_channel = $2 and slack_ts = $3)
       and exists (select 1 from run_lease where name = $4 and holder = $5)";

pub(super) const NOTICE_TOLD: &str = "
    update notices set told_at = attempted_at
     where name = $1 and exists (select 1 from run_lease where name = $2 and holder = $3)";

/// Gives disconnections that are on record another way of being told.
pub(super) const MOVE: &str = "
    update disconnected_accounts set told_as = $1, incident_id = nullif($2, 0)
     where is_active and workspace = 'default' and account_id in ($3)";

/// What the incident is about goes by parameters, for a domain is a text from outside.
pub(super) const OPEN_INCIDENT: &str = "
    insert into incidents (id, cause, scope, scope_value, opened_at, check_run_id)
    values ($1, $2, $3, $4, $5, $6)";

pub(super) const CLOSE_INCIDENTS: &str = "
    update incidents set closed_at = $1 where id in ($2)";

/// Nothing is to be told of them any more; of what was resolved untold an alert tells.
pub(super) const DROP_INCIDENTS: &str = "
    update incidents set closed_at = coalesce(closed_at, $1), close_told_at = $1 where id in ($2);
    update disconnected_accounts set told_as = 'alert', incident_id = null
     where not is_active and announced_at is null and workspace = 'default'
       and incident_id in ($2)";

pub(super) const ADD_CHRONIC: &str = "
    insert into chronic_accounts (account_id, since)
    select account_id, $1 from disconnected_accounts
     where is_active and workspace = 'default' and account_id in ($2)
    on conflict (workspace, account_id) do nothing";

pub(super) const END_CHRONIC: &str = "
    delete from chronic_accounts where workspace = 'default' and account_id in ($1)";

/// Run after the updates of a check, so that it finds what is still open. What was seen as before
/// is not touched, for that is nearly everything; so when an account was last seen is noted at its
/// first absence, as the time of the last listing before.
pub(super) const SEEN: &str = "
    update disconnected_accounts
       set missed_listings = case when account_id in ($1) then missed_listings + 1 else 0 end,
           last_seen_at = case when account_id in ($1) and missed_listings > 0 then last_seen_at
                               when account_id in ($1) then coalesce(
                                   (select started_at from check_runs
                                     where accounts_seen is not null and run_id <> $3
                                     order by id desc limit 1), last_seen_at)
                               else $2 end
     where is_active and workspace = 'default' and (account_id in ($1) or missed_listings > 0)";

/// Only what the last listing held: an account that may be gone is not announced as down. That it
/// was told once is not forgotten, for if this run fails to, a later one repeats it.
pub(super) const FORGET_TOLD: &str = "
    update disconnected_accounts
       set announce_attempted_at = coalesce(announce_attempted_at, announced_at),
           announced_at = null, slack_channel = null, slack_ts = null
     where is_active and workspace = 'default' and missed_listings = 0";

pub(super) const ALL_TOLD: &str = "
    update disconnected_accounts set announced_at = $1, told_as = 'baseline', incident_id = null
     where workspace = 'default' and announced_at is null";

/// What was never told is kept, unless it was not to be; and so is what an incident counts that is
/// not over. Rows of the Python version may lack the time of their resolution.
pub(super) const DELETE_OLD: &str = "
    delete from disconnected_accounts
     where not is_active and (announced_at is not null or told_as = 'passed')
       and coalesce(resolved_at, detected_at) < $1
       and (incident_id is null
            or incident_id not in (select id from incidents where close_told_at is null))";

/// The last one stays, that its number is not given again, and so does one of which something is
/// still down.
pub(super) const DELETE_OLD_INCIDENTS: &str = "
    delete from incidents
     where close_told_at is not null and closed_at < $1
       and id < (select max(id) from incidents)
       and id not in (select incident_id from disconnected_accounts
                       where is_active and incident_id is not null)";

pub(super) const CLOSE_RUN: &str = "
    update check_runs set finished_at = $2, outcome = $3 where run_id = $1";

pub(super) const FAILURE_TOLD: &str = "
    update check_runs set failure_told_at = $2 where run_id = $1";

pub(super) const RECOVERY_TOLD: &str = "
    update check_runs set recovery_told_at = $1
     where failure_told_at is not null and recovery_told_at is null
       and exists (select 1 from run_lease where name = $2 and holder = $3)";

pub(super) const NOTE_ERROR: &str = "update check_runs set error = $2 where run_id = $1";

/// A run that was recorded before it failed keeps its counts.
pub(super) const RECORD_FAILURE: &str = "
    insert into check_runs (run_id, started_at, finished_at, outcome, error, failure_told_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (run_id) do update
       set finished_at = excluded.finished_at, outcome = excluded.outcome, error = excluded.error,
           failure_told_at = excluded.failure_told_at";
