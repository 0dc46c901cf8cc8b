-- SQLite cannot change the type of a column, so the table is made anew and the rows move over.
create table disconnected_accounts_new (
    id                    integer primary key autoincrement,
    account_id            integer not null,
    from_name             text,
    from_email            text,
    account_type          text,
    disconnection_type    text,
    tags                  text,
    detected_at           text not null,
    resolved_at           text,
    is_active             boolean not null default true,
    check_run_id          text,
    workspace             text not null default 'default',
    smtp_error            text,
    imap_error            text,
    client_id             integer,
    message_per_day       integer,
    daily_sent_count      integer,
    campaign_count        integer,
    last_seen_at          text,
    missed_listings       integer not null default 0,
    resolution            text,
    announce_attempted_at text,
    announced_at          text,
    slack_channel         text,
    slack_ts              text,
    unique (account_id, detected_at)
);

-- Times without a zone are UTC. What is on record was announced by the Python version when it was
-- detected.
insert into disconnected_accounts_new (
    id, account_id, from_name, from_email, account_type, disconnection_type, tags,
    detected_at, resolved_at, is_active, check_run_id, announced_at)
select id, account_id, from_name, from_email, account_type, upper(trim(disconnection_type)), tags,
       detected, resolved, coalesce(is_active, resolved is null), check_run_id, detected
  from (select *,
               replace(detected_at, ' ', 'T')
                   || case when substr(detected_at, 20) glob '*[Z+-]*' then '' else '+00:00' end
                   as detected,
               replace(resolved_at, ' ', 'T')
                   || case when substr(resolved_at, 20) glob '*[Z+-]*' then '' else '+00:00' end
                   as resolved
          from disconnected_accounts)
 order by id;

-- Views of the users go on reading the table by its name.
pragma legacy_alter_table = on;
drop table disconnected_accounts;
alter table disconnected_accounts_new rename to disconnected_accounts;
pragma legacy_alter_table = off;

-- The Python version could open an account that was open already. The first row is the cycle; the
-- others end where they began.
update disconnected_accounts as again
   set is_active = false, resolved_at = detected_at
 where is_active
   and exists (select 1 from disconnected_accounts as first
                where first.is_active
                  and first.account_id = again.account_id
                  and (first.detected_at, first.id) < (again.detected_at, again.id));

create unique index disconnected_accounts_one_open
    on disconnected_accounts (workspace, account_id) where is_active;

create table check_runs (
    id                 integer primary key autoincrement,
    run_id             text not null unique,
    started_at         text not null,
    finished_at        text,
    outcome            text not null,
    accounts_seen      integer,
    disconnected       integer,
    newly_disconnected integer,
    reconnected        integer,
    error              text
);

create table run_lease (
    name       text primary key,
    holder     text not null,
    expires_at text not null
);

-- Lines of the CSV audit trail that are committed but not known to be in the file yet.
create table audit_outbox (
    id    integer primary key autoincrement,
    month text not null,
    line  text not null
);
