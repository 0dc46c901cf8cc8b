//! Looks at everything that a check needs, and changes nothing.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::{Connection as _, Either, Row as _, raw_sql};
use tokio::time::Instant;

use super::super::super::facts::{Contents, Facts, Lease, Schema, Server};
use super::super::super::simple::{Literal, filled};
use super::super::super::{LEASE, StoreError, migrate};
use super::super::{Connection, MIGRATIONS, sql};
use super::{Engine, rows, simple};
use crate::domain::trend::RECENT;

impl Engine {
    pub(super) async fn facts(&self) -> Result<Option<Facts>, StoreError> {
        if super::super::is_absent(&self.options) {
            return Ok(None);
        }
        let server = self.server().await?;
        let schema = self.schema().await;
        let contents = match schema {
            Ok(Schema::Absent) => None,
            _ => {
                let contents = self.look("reading its tables", Self::contents);
                contents.await.transpose()
            }
        };
        let writing = self.look("trying to write to its tables", async |connection| {
            raw_sql(sql::TRY_WRITING).execute(connection).await
        });
        let writing = writing.await.map(|_| ());
        // Closed here and not left to the end of the program, so that no file of SQLite's stays.
        if let Some(connection) = self.connection.lock().await.take() {
            let _ = connection.close().await;
        }
        Ok(Some(Facts {
            server,
            schema,
            contents,
            writing,
        }))
    }

    async fn server(&self) -> Result<Server, StoreError> {
        let asked = Instant::now();
        let doing = "asking for its version";
        let answer = self.run(doing, async |connection| {
            let row = raw_sql(sql::SERVER).fetch_one(connection).await?;
            let version: String = row.try_get("version")?;
            let now: Option<DateTime<Utc>> = row.try_get("now")?;
            let is_encrypted: Option<bool> = row.try_get("is_encrypted")?;
            Ok((version, now, is_encrypted))
        });
        let (version, now, is_encrypted) = answer.await?;
        let answered = Instant::now();
        // A second connection may be one too many, which is no reason to look no further.
        let is_pooled = self.run("looking for a pooler", async |connection| {
            super::super::is_pooled(connection, &self.options).await
        });
        let is_pooled = is_pooled.await.ok();
        let is_encrypted =
            super::super::is_encrypted(&self.options, is_encrypted, is_pooled.unwrap_or_default());
        Ok(Server {
            version: self.redactor.excerpt(&version, 40),
            reached_in: answered - asked,
            is_pooled: now.and(is_pooled),
            is_encrypted,
            clock: now.map(|now| (now, answered)),
        })
    }

    async fn schema(&self) -> Result<Schema, StoreError> {
        let newest = migrate::newest(MIGRATIONS);
        let found = self.run("reading its schema", Self::version).await?;
        self.check_version(found)?;
        if found == newest {
            return Ok(Schema::Current(newest));
        }
        if found > 0 {
            return Ok(Schema::Older { found, newest });
        }
        let has_table =
            self.run(
                "looking for its tables",
                async |connection| match raw_sql(sql::TABLE).fetch_optional(connection).await {
                    Ok(_) => Ok(true),
                    Err(error) if super::super::is_missing_table(&error) => Ok(false),
                    Err(error) => Err(error),
                },
            );
        Ok(match has_table.await? {
            true => Schema::Legacy,
            false => Schema::Absent,
        })
    }

    async fn contents(connection: &mut Connection) -> sqlx::Result<Contents> {
        let statements = [
            sql::COUNTS.to_owned(),
            sql::FILTERED.to_owned(),
            filled(sql::LEASE_HOLDER, &[Literal::Word(LEASE)]),
            filled(sql::RUNS, &[Literal::Number(RECENT as i64)]),
        ];
        let statements = simple(statements.concat());
        let mut contents = Contents::default();
        let mut answers = statements.fetch_many(connection);
        let mut statement = 0;
        while let Some(answer) = answers.try_next().await? {
            match (answer, statement) {
                (Either::Left(_), _) => statement += 1,
                (Either::Right(row), 0) => {
                    let count = |name: &str| {
                        let count: sqlx::Result<i64> = row.try_get(name);
                        count.map(|count| u64::try_from(count).unwrap_or_default())
                    };
                    contents.open = count("open")?;
                    contents.untold = count("untold")?;
                    contents.resolved = count("resolved")?;
                }
                (Either::Right(row), 1) => contents.is_filtered = row.try_get("is_filtered")?,
                (Either::Right(row), 2) => {
                    contents.lease = Some(Lease {
                        holder: row.try_get("holder")?,
                        until: row.try_get("expires_at")?,
                    });
                }
                (Either::Right(row), _) => contents.runs.push(rows::run(&row)?),
            }
        }
        Ok(contents)
    }
}
