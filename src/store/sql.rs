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
           count(case when is_active and announced_at is null then 1 end) as untold,
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
                      where accounts_seen is not null)
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
           (select count(*) from disconnected_accounts
             where not is_active and announced_at is null and workspace = 'default'
               and resolution is distinct from 'removed') as reconnected,
           (select count(*) from disconnected_accounts
             where not is_active and announced_at is null and workspace = 'default'
               and resolution = 'removed') as removed,
           (select count(*) from disconnected_accounts
             where not is_active and announced_at is null and workspace = 'default'
               and announce_attempted_at is not null) as perhaps_told";

pub(super) const OUTBOX: &str = "select month, line from audit_outbox order by id";

pub(super) const EMPTY_OUTBOX: &str = "
    delete from audit_outbox
     where exists (select 1 from run_lease where name = $1 and holder = $2)";

/// The time of the first attempt stays, so that a later one can be taken back alone.
pub(super) const ATTEMPT: &str = "
    update disconnected_accounts set announce_attempted_at = coalesce(announce_attempted_at, $1)
     where announced_at is null and workspace = 'default'
       and (is_active and ($3 = 1 or account_id in ($2)) or not is_active and $4 = 1)
       and exists (select 1 from run_lease where name = $5 and holder = $6)";

pub(super) const WITHDRAW: &str = "
    update disconnected_accounts set announce_attempted_at = null
     where announced_at is null and workspace = 'default' and announce_attempted_at = $1
       and exists (select 1 from run_lease where name = $2 and holder = $3)";

pub(super) const MARK_TOLD: &str = "
    update disconnected_accounts set announced_at = $1, slack_channel = $2, slack_ts = $3
     where workspace = 'default'
       and (is_active and (account_id in ($4) or announced_at is null and $5 = 1)
            or not is_active and announced_at is null and $6 = 1)
       and exists (select 1 from run_lease where name = $7 and holder = $8)";

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
    update disconnected_accounts set announced_at = $1
     where workspace = 'default' and announced_at is null";

/// What was never told is kept. Rows of the Python version may lack the time of their resolution.
pub(super) const DELETE_OLD: &str = "
    delete from disconnected_accounts
     where not is_active and announced_at is not null
       and coalesce(resolved_at, detected_at) < $1";

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
