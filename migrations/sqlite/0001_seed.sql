-- The table as the Python version left it. Where it exists it stays, rows and all; 0002 turns
-- either into today's.
create table if not exists disconnected_accounts (
    id                 integer primary key autoincrement,
    account_id         integer not null,
    from_name          text,
    from_email         text,
    account_type       text,
    disconnection_type text,
    tags               text,
    detected_at        timestamp not null,
    resolved_at        timestamp,
    is_active          boolean default 1,
    check_run_id       text,
    unique (account_id, detected_at)
);
