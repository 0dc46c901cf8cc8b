//! Which changes of the schema a database still needs. The engines carry them out.
//!
//! sqlx's own migrator uses named statements and session locks, which break behind a transaction
//! pooler, so the bookkeeping is here: a table of versions, written in the transaction that
//! applies them.

/// A numbered file of `migrations/`.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// The migrations of one engine, in their order: the same numbers under both folders.
macro_rules! migrations {
    ($engine:literal: $($version:literal $name:literal),+ $(,)?) => {
        &[$(crate::store::migrate::Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $engine, "/", $name, ".sql")),
        }),+]
    };
}
pub(super) use migrations;

/// The version a database has; fails where the table is missing.
pub(super) const VERSION: &str =
    "select cast(coalesce(max(version), 0) as bigint) from monitor_schema";

/// Notes a migration as applied.
pub(super) const APPLIED: &str = "insert into monitor_schema (version, name) values ($1, $2)";

/// The newest version there is.
pub(super) fn newest(migrations: &[Migration]) -> i64 {
    migrations
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}

/// What a database of version `done` still needs, in order.
pub(super) fn pending(
    migrations: &'static [Migration],
    done: i64,
) -> impl Iterator<Item = &'static Migration> {
    migrations
        .iter()
        .filter(move |migration| migration.version > done)
}
