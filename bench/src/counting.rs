//! What does not drift with the machine: how many statements an act sends, and how much it has
//! PostgreSQL write ahead.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use serde::Serialize;
use tokio_postgres::Client;

use crate::Failure;

/// What an act came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    /// As PostgreSQL's log has them, BEGIN and COMMIT too.
    pub(crate) statements: u64,
    /// Bytes of write-ahead log, checkpoints and autovacuum of that time included.
    pub(crate) wal_bytes: u64,
}

/// Reads the server's log, to which every statement goes in a database where `log_statement` is `all`.
pub(crate) struct Counter<'a> {
    pub(crate) admin: &'a Client,
    pub(crate) log: PathBuf,
}

/// Where log and write-ahead log stood.
pub(crate) struct Mark {
    log: u64,
    wal: i64,
}

impl Counter<'_> {
    pub(crate) async fn mark(&self) -> Result<Mark, Failure> {
        let wal = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";
        let wal = self.admin.query_one(wal, &[]).await?.get(0);
        Ok(Mark { log: std::fs::metadata(&self.log)?.len(), wal })
    }

    pub(crate) async fn since(&self, mark: &Mark) -> Result<Count, Failure> {
        let now = self.mark().await?;
        let mut log = File::open(&self.log)?;
        log.seek(SeekFrom::Start(mark.log))?;
        let mut text = Vec::new();
        log.take(now.log - mark.log).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        // A statement of several lines goes on in lines that begin with a tab.
        let is_statement =
            |line: &&str| line.contains("] LOG:  execute ") || line.contains("] LOG:  statement: ");
        let statements = text.lines().filter(is_statement).count();
        Ok(Count {
            statements: u64::try_from(statements)?,
            wal_bytes: u64::try_from(now.wal - mark.wal)?,
        })
    }
}
