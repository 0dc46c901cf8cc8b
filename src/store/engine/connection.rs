//! The connection, and how everything is run on it.

use std::time::Duration;

use sqlx::Connection as _;
use tokio::time::timeout;

use super::super::super::{CONNECT_TIMEOUT, StoreError};
use super::super::{BEGIN, Connection, place, remedy};
use super::{Engine, Transaction};

impl Engine {
    /// Runs `work` on the connection. After an error or a time-out the connection is dropped, and
    /// with it whatever the server had not committed.
    pub(super) async fn run<T>(
        &self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut Connection) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        let mut slot = self.connection.lock().await;
        let kept = slot.take();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let worked = timeout(self.limit, work(&mut connection)).await;
        let value = worked
            .unwrap_or_else(|_| Err(timed_out(self.limit)))
            .map_err(|error| self.error(doing, &error))?;
        *slot = Some(connection);
        Ok(value)
    }

    async fn connect(&self) -> Result<Connection, StoreError> {
        let limit = self.limit.min(CONNECT_TIMEOUT);
        let connected = timeout(limit, Connection::connect_with(&self.options)).await;
        connected
            .unwrap_or_else(|_| Err(timed_out(limit)))
            .map_err(|error| StoreError::Unreachable {
                place: place(&self.options),
                cause: self.cause(&error),
                remedy: remedy(&error),
            })
    }

    /// Runs `work` inside a transaction and commits it.
    pub(super) async fn transaction<T>(
        &self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        self.run(doing, async |connection| {
            let mut transaction = connection.begin_with(BEGIN).await?;
            let value = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(value)
        })
        .await
    }

    pub(super) fn error(&self, doing: &'static str, error: &sqlx::Error) -> StoreError {
        StoreError::Failed {
            place: place(&self.options),
            doing,
            cause: self.cause(error),
            remedy: remedy(error),
        }
    }

    /// The server's own words where there are some; the driver adds a line number of the server's
    /// source to them.
    fn cause(&self, error: &sqlx::Error) -> String {
        let words = match error.as_database_error() {
            Some(error) => error.message().to_owned(),
            None => error.to_string(),
        };
        self.redactor.excerpt(&words, 500)
    }
}

fn timed_out(limit: Duration) -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(
        std::io::ErrorKind::TimedOut,
        format!("no answer within {} s", limit.as_secs_f32()),
    ))
}
