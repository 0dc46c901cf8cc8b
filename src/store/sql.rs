//! Statements that both engines understand as they are. Each engine adds those in which it
//! unpacks JSON its own way.

pub(super) const TAKE_LEASE: &str = "
    insert into run_lease (name, holder, expires_at) values ($1, $2, $3)
    on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
     where run_lease.expires_at <= $4";

pub(super) const LEASE_HOLDER: &str = "select holder, expires_at from run_lease where name = $1";

pub(super) const RELEASE_LEASE: &str = "delete from run_lease where name = $1 and holder = $2";

pub(super) const OPEN: &str = "
    select account_id, from_name, from_email, account_type, disconnection_type, tags,
           message_per_day, daily_sent_count, campaign_count, client_id, smtp_error, imap_error,
           detected_at, missed_listings, announced_at is not null as told
      from disconnected_accounts
     where is_active and workspace = 'default'
     order by account_id";

/// A run whose listing was applied has its size, however it ended.
pub(super) const LAST_RUNS: &str = "
    select (select accounts_seen from check_runs where accounts_seen is not null
             order by id desc limit 1) as last_complete,
           (select outcome from check_runs order by id desc limit 1) as last_outcome";

pub(super) const OUTBOX: &str = "select month, line from audit_outbox order by id";

pub(super) const EMPTY_OUTBOX: &str = "
    delete from audit_outbox
     where exists (select 1 from run_lease where name = $1 and holder = $2)";

pub(super) const MARK_TOLD: &str = "
    update disconnected_accounts set announced_at = $1, slack_channel = $2, slack_ts = $3
     where is_active and workspace = 'default' and account_id in ($4)
       and exists (select 1 from run_lease where name = $5 and holder = $6)";

/// Run after the updates of a check, so that it finds what is still open.
pub(super) const SEEN: &str = "
    update disconnected_accounts
       set missed_listings = case when account_id in ($1) then missed_listings + 1 else 0 end,
           last_seen_at = case when account_id in ($1) then last_seen_at else $2 end
     where is_active and workspace = 'default'";

/// Only what the last listing held: an account that may be gone is not announced as down.
pub(super) const FORGET_TOLD: &str = "
    update disconnected_accounts set announced_at = null, slack_channel = null, slack_ts = null
     where is_active and workspace = 'default' and missed_listings = 0";

pub(super) const ALL_TOLD: &str = "
    update disconnected_accounts set announced_at = $1
     where is_active and workspace = 'default' and announced_at is null";

/// What was never told is kept. Rows of the Python version may lack the time of their resolution.
pub(super) const DELETE_OLD: &str = "
    delete from disconnected_accounts
     where not is_active and announced_at is not null
       and coalesce(resolved_at, detected_at) < $1";

pub(super) const CLOSE_RUN: &str = "
    update check_runs set finished_at = $2, outcome = $3 where run_id = $1";

pub(super) const NOTE_ERROR: &str = "update check_runs set error = $2 where run_id = $1";

/// A run that was recorded before it failed keeps its counts.
pub(super) const RECORD_FAILURE: &str = "
    insert into check_runs (run_id, started_at, finished_at, outcome, error)
    values ($1, $2, $3, $4, $5)
    on conflict (run_id) do update
       set finished_at = excluded.finished_at, outcome = excluded.outcome, error = excluded.error";
