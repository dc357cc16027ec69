//! Rows behind the seam: each becomes a record, or is reported as corrupt.

mod access;
mod activity;
mod allocation;
mod collection;
mod cursor;
mod epoch;
mod identity;
mod job;
mod pool;
mod statement;

pub(crate) use access::{AccessTokenRow, NewAccessTokenRow};
pub(crate) use activity::{ActivityCountRow, EventRow};
pub(crate) use allocation::AllocationRow;
pub(crate) use collection::CollectionRow;
pub(crate) use cursor::CursorRow;
pub(crate) use epoch::EpochRow;
pub(crate) use identity::{BindingRow, UnresolvedRow};
pub(crate) use job::JobRow;
pub(crate) use pool::PoolComponentRow;
pub(crate) use statement::{HoldingRow, StatementRow};

use chrono::{DateTime, Utc};
use ledger_core::Timestamp;
use ledger_port::StoreFault;

/// Names the row for reports of corrupt values.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) row: &'a dyn std::fmt::Display,
}

impl Place<'_> {
    /// Says which column of the row holds what the ledger never writes.
    pub(crate) fn corrupt(
        &self,
        column: &'static str,
        problem: impl std::fmt::Display,
    ) -> StoreFault {
        StoreFault::Corrupt {
            table: self.table,
            column,
            row: self.row.to_string(),
            problem: problem.to_string(),
        }
    }

    /// Reads a value by its type's own rule.
    pub(crate) fn read<T, V>(&self, column: &'static str, value: V) -> Result<T, StoreFault>
    where
        T: TryFrom<V>,
        T::Error: std::fmt::Display,
    {
        T::try_from(value).map_err(|problem| self.corrupt(column, problem))
    }

    /// Reads a time.
    pub(crate) fn time(
        &self,
        column: &'static str,
        moment: DateTime<Utc>,
    ) -> Result<Timestamp, StoreFault> {
        self.read(column, moment)
    }

    /// Reads an amount that is never negative.
    pub(crate) fn amount<T>(
        &self,
        column: &'static str,
        number: i64,
        read: impl FnOnce(i64) -> Result<T, ledger_core::InvalidValue>,
    ) -> Result<T, StoreFault> {
        read(number).map_err(|problem| self.corrupt(column, problem))
    }
}
