-- SQLite updates a row in its place; there is nothing to do.
select 1;
