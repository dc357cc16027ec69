use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::prelude::{Queryable, Selectable};
use diesel::sql_types::{BigInt, Text};
use ledger_core::{
    AmountOverflow, Credits, EpochId, NewPayoutStatement, PayoutStatement, StatementId,
};
use ledger_port::{Holding, LedgerPortError, StoreFault};
use ledger_schema::schema::payout_statements;
use uuid::Uuid;

use super::Place;

#[derive(Queryable, Selectable)]
#[diesel(table_name = payout_statements, check_for_backend(diesel::pg::Pg))]
pub(crate) struct StatementRow {
    id: Uuid,
    epoch_id: i64,
    allocation_set_hash: String,
    pool_total_credits: i64,
    payouts_json: serde_json::Value,
    supersedes_statement_id: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl TryFrom<StatementRow> for PayoutStatement {
    type Error = StoreFault;
    fn try_from(row: StatementRow) -> Result<Self, StoreFault> {
        let place = Place { table: "payout_statements", row: &row.id };
        let statement = NewPayoutStatement {
            id: StatementId(row.id),
            epoch_id: EpochId(row.epoch_id),
            allocation_set_hash: place.read("allocation_set_hash", row.allocation_set_hash)?,
            pool_total: place.amount("pool_total_credits", row.pool_total_credits, Credits::new)?,
            payouts: serde_json::from_value(row.payouts_json)
                .map_err(|problem| place.corrupt("payouts_json", problem))?,
            supersedes: row.supersedes_statement_id.map(StatementId),
        };
        Ok(Self { statement, created_at: place.time("created_at", row.created_at)? })
    }
}

#[derive(QueryableByName)]
pub(crate) struct HoldingRow {
    #[diesel(sql_type = Text)]
    user_id: String,
    /// A whole number of any size.
    #[diesel(sql_type = Text)]
    amount: String,
    #[diesel(sql_type = BigInt)]
    epochs: i64,
    #[diesel(sql_type = BigInt)]
    last_epoch_id: i64,
}

impl TryFrom<HoldingRow> for Holding {
    type Error = LedgerPortError;
    fn try_from(row: HoldingRow) -> Result<Self, LedgerPortError> {
        let place = Place { table: "payout_statements", row: &row.user_id };
        let sum: i128 =
            row.amount.parse().map_err(|problem| place.corrupt("payouts_json", problem))?;
        let overflow = |_| AmountOverflow { what: format!("what {} was paid", row.user_id) };
        Ok(Self {
            amount: Credits::try_from(sum).map_err(overflow)?,
            epochs: place.read("count", row.epochs)?,
            last_epoch_id: EpochId(row.last_epoch_id),
            user_id: place.read("payouts_json", row.user_id.clone())?,
        })
    }
}
