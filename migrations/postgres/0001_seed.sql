-- The table as the Python version left it. Where it exists it stays, rows and all; 0002 turns
-- either into today's.
do $$
begin
    if to_regclass('disconnected_accounts') is not null then
        return;
    end if;
    create table disconnected_accounts (
        id                 serial primary key,
        account_id         integer not null,
        from_name          text,
        from_email         text,
        account_type       text,
        disconnection_type text,
        tags               text,
        detected_at        timestamp not null,
        resolved_at        timestamp,
        is_active          boolean default true,
        check_run_id       text,
        unique (account_id, detected_at)
    );
    -- Supabase serves every table of this schema over HTTP to a key that is in public pages.
    -- With row security on and no policy, only the owner and the service role read it.
    if exists (select from pg_roles where rolname = 'anon') then
        alter table disconnected_accounts enable row level security;
    end if;
end
$$;
