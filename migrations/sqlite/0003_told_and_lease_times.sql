-- What the sink knows of failed checks: when it took the error message, and that of the end.
alter table check_runs add column failure_told_at text;
alter table check_runs add column recovery_told_at text;

-- A lease that was taken in the future is not one: the clock was set back.
alter table run_lease add column taken_at text not null default '';
