use std::io::Write as _;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::prelude::{
    ExpressionMethods, Insertable, NullableExpressionMethods, OptionalExtension, QueryDsl,
    SelectableHelper,
};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{
    Epoch, EpochId, EpochStatus, LedgerId, NewPayoutStatement, Payout, PayoutStatement,
    StatementId, Timestamp,
};
use ledger_port::{LedgerPortError, PortResult};
use ledger_schema::schema::payout_statements as statements;
use uuid::Uuid;

use super::epoch_life::refuse_another_total;
use super::{EpochLock, lock_epoch};
use crate::rows::StatementRow;
use crate::transaction::{Command, TxError};

/// Writes a statement for a closed epoch, or a correction of the one in force.
pub(crate) struct InsertStatement<'a> {
    ledger_id: LedgerId,
    statement: &'a NewPayoutStatement,
    now: Timestamp,
}

impl<'a> InsertStatement<'a> {
    pub(crate) fn new(
        ledger_id: LedgerId,
        statement: &'a NewPayoutStatement,
        now: Timestamp,
    ) -> PortResult<Self> {
        statement.check()?;
        Ok(Self { ledger_id, statement, now })
    }

    fn refuse_wrong_epoch(&self, epoch: &Epoch) -> Result<(), TxError> {
        let (epoch_id, needed) = (epoch.id, EpochStatus::Closed);
        let Some(paid) = epoch.pool_total else {
            let found = epoch.status;
            return Err(LedgerPortError::EpochStatusMismatch { epoch_id, found, needed }.into());
        };
        refuse_another_total(epoch_id, Some(self.statement.pool_total), paid)
    }

    async fn refuse_wrong_place(&self, tx: &mut AsyncPgConnection) -> Result<(), TxError> {
        let epoch_id = self.statement.epoch_id;
        let in_force = statement_in_force(tx, self.ledger_id, epoch_id).await?;
        let found = in_force.map(|stored| stored.statement.id);
        match (self.statement.supersedes, found) {
            (None, Some(found)) => Err(LedgerPortError::StatementExists { epoch_id, found }.into()),
            (Some(asked), found) if found != Some(asked) => {
                let refusal =
                    LedgerPortError::SupersededStatementNotCurrent { epoch_id, asked, found };
                Err(refusal.into())
            }
            _ => Ok(()),
        }
    }
}

async fn statement_by_id(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    id: StatementId,
) -> Result<Option<PayoutStatement>, TxError> {
    let row: Option<StatementRow> = statements::table
        .filter(statements::ledger_id.eq(ledger_id.0))
        .filter(statements::id.eq(id.0))
        .select(StatementRow::as_select())
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(PayoutStatement::try_from).transpose()?)
}

/// An id means one statement for ever.
pub(super) async fn refuse_taken_id(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    statement: &NewPayoutStatement,
) -> Result<(), TxError> {
    match statement_by_id(tx, ledger_id, statement.id).await? {
        None => Ok(()),
        Some(stored) => {
            let (epoch_id, found) = (statement.epoch_id, stored.statement.id);
            Err(LedgerPortError::StatementExists { epoch_id, found }.into())
        }
    }
}

/// The epoch's statement that no other supersedes.
pub(crate) async fn statement_in_force(
    connection: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch_id: EpochId,
) -> Result<Option<PayoutStatement>, TxError> {
    let newer = diesel::alias!(statements as newer);
    let superseded = newer
        .filter(newer.field(statements::ledger_id).eq(ledger_id.0))
        .filter(newer.field(statements::supersedes_statement_id).eq(statements::id.nullable()));
    let row: Option<StatementRow> = statements::table
        .filter(statements::ledger_id.eq(ledger_id.0))
        .filter(statements::epoch_id.eq(epoch_id.0))
        .filter(diesel::dsl::not(diesel::dsl::exists(superseded)))
        .select(StatementRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(PayoutStatement::try_from).transpose()?)
}

/// The rows as JSON, written straight into the message: a hundred thousand of them are no tree of
/// values first.
#[derive(Debug, AsExpression)]
#[diesel(sql_type = Jsonb)]
struct PayoutsJson<'a>(&'a [Payout]);

/// The one version of jsonb's binary format.
const JSONB_VERSION: u8 = 1;

impl ToSql<Jsonb, Pg> for PayoutsJson<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        serde_json::to_writer(out, self.0)?;
        Ok(IsNull::No)
    }
}

#[derive(Insertable)]
#[diesel(table_name = statements)]
struct NewStatementRow<'a> {
    ledger_id: Uuid,
    id: Uuid,
    epoch_id: i64,
    allocation_set_hash: &'a str,
    pool_total_credits: i64,
    payouts_json: PayoutsJson<'a>,
    supersedes_statement_id: Option<Uuid>,
    created_at: DateTime<Utc>,
}

/// Writes a statement whose place is checked.
pub(super) async fn write_statement(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    statement: NewPayoutStatement,
    now: Timestamp,
) -> Result<PayoutStatement, TxError> {
    let row = NewStatementRow {
        ledger_id: ledger_id.0,
        id: statement.id.0,
        epoch_id: statement.epoch_id.0,
        allocation_set_hash: statement.allocation_set_hash.as_str(),
        pool_total_credits: statement.pool_total.get(),
        payouts_json: PayoutsJson(&statement.payouts),
        supersedes_statement_id: statement.supersedes.map(|id| id.0),
        created_at: now.as_datetime(),
    };
    diesel::insert_into(statements::table).values(row).execute(tx).await?;
    Ok(PayoutStatement { statement, created_at: now })
}

#[async_trait]
impl Command for InsertStatement<'_> {
    type Output = PayoutStatement;
    const NAME: &'static str = "insert_payout_statement";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<PayoutStatement, TxError> {
        let epoch_id = self.statement.epoch_id;
        // Alone: of two corrections at once, one must see the other.
        let epoch = lock_epoch(tx, self.ledger_id, epoch_id, EpochLock::Alone).await?;
        if let Some(stored) = statement_by_id(tx, self.ledger_id, self.statement.id).await?
            && stored.statement == *self.statement
        {
            return Ok(stored);
        }
        refuse_taken_id(tx, self.ledger_id, self.statement).await?;
        self.refuse_wrong_epoch(&epoch)?;
        self.refuse_wrong_place(tx).await?;
        write_statement(tx, self.ledger_id, self.statement.clone(), self.now).await
    }
}
