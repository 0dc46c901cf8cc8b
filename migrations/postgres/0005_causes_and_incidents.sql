-- Why an account is down, and how that is told: 'alert', 'incident', 'chronic', 'baseline' (known
-- outages) or 'passed' (over before it was down for enough checks); null while it is not decided.
-- What is on record was told, or is to be told, in ordinary alerts.
alter table disconnected_accounts
    add column cause                 text,
    add column told_as               text default 'alert',
    add column incident_id           bigint,
    add column recovery_due          boolean not null default false,
    add column recovery_attempted_at timestamptz;
alter table disconnected_accounts alter column told_as drop default;

-- What is resolved is looked at by every check, and is little beside what may be open.
create index disconnected_accounts_resolved
    on disconnected_accounts (detected_at) where not is_active;

create table incidents (
    id                 bigint primary key,
    workspace          text not null default 'default',
    cause              text not null,
    scope              text,
    scope_value        text,
    opened_at          timestamptz not null,
    check_run_id       text not null,
    headline_accounts  bigint,
    attempted_at       timestamptz,
    announced_at       timestamptz,
    slack_channel      text,
    slack_ts           text,
    closed_at          timestamptz,
    close_attempted_at timestamptz,
    close_told_at      timestamptz
);

create table chronic_accounts (
    workspace  text not null default 'default',
    account_id bigint not null,
    since      timestamptz not null,
    told_at    timestamptz,
    primary key (workspace, account_id)
);

-- What is told once in a while.
create table notices (
    name         text primary key,
    attempted_at timestamptz,
    told_at      timestamptz
);

-- Lines that are committed but not in their file get the column that the file has got.
update audit_outbox set line = line || ',';

do $$
begin
    if exists (select from pg_roles where rolname = 'anon') then
        alter table incidents enable row level security;
        alter table chronic_accounts enable row level security;
        alter table notices enable row level security;
    end if;
end
$$;
