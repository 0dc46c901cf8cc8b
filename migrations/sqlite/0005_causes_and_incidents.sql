-- Why an account is down, and how that is told: 'alert', 'incident', 'chronic', 'baseline' (known
-- outages) or 'passed' (over before it was down for enough checks); null while it is not decided.
-- What is on record was told, or is to be told, in ordinary alerts.
alter table disconnected_accounts add column cause text;
alter table disconnected_accounts add column told_as text;
alter table disconnected_accounts add column incident_id integer;
alter table disconnected_accounts add column recovery_due boolean not null default false;
alter table disconnected_accounts add column recovery_attempted_at text;
update disconnected_accounts set told_as = 'alert';

-- What is resolved is looked at by every check, and is little beside what may be open.
create index disconnected_accounts_resolved
    on disconnected_accounts (detected_at) where not is_active;

create table incidents (
    id                 integer primary key,
    workspace          text not null default 'default',
    cause              text not null,
    scope              text,
    scope_value        text,
    opened_at          text not null,
    check_run_id       text not null,
    headline_accounts  integer,
    attempted_at       text,
    announced_at       text,
    slack_channel      text,
    slack_ts           text,
    closed_at          text,
    close_attempted_at text,
    close_told_at      text
);

create table chronic_accounts (
    workspace  text not null default 'default',
    account_id integer not null,
    since      text not null,
    told_at    text,
    primary key (workspace, account_id)
);

-- What is told once in a while.
create table notices (
    name         text primary key,
    attempted_at text,
    told_at      text
);

-- Lines that are committed but not in their file get the column that the file has got.
update audit_outbox set line = line || ',';
