use async_trait::async_trait;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use ledger_core::{EpochId, NewPayoutStatement, PayoutStatement, UserId};
use ledger_port::{Holding, Page, PageRequest, PortResult, StatementStore};

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::{InsertStatement, statement_in_force};
use crate::rows::HoldingRow;

#[async_trait]
impl<R: Role> StatementStore for PgLedgerStore<R> {
    async fn insert_payout_statement(
        &self,
        statement: &NewPayoutStatement,
    ) -> PortResult<PayoutStatement> {
        self.pool.run(&InsertStatement::new(self.ledger_id, statement, self.now())?).await
    }

    async fn get_statement_for_epoch(
        &self,
        epoch_id: EpochId,
    ) -> PortResult<Option<PayoutStatement>> {
        let mut loan = self.pool.lend().await?;
        let found = statement_in_force(loan.connection(), self.ledger_id, epoch_id).await;
        loan.end("get_statement_for_epoch", found)
    }

    async fn list_holdings(
        &self,
        request: PageRequest<UserId>,
    ) -> PortResult<Page<Holding, UserId>> {
        let mut loan = self.pool.lend().await?;
        let found = diesel::sql_query(LIST_HOLDINGS)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<Text, _>(request.after.as_ref().map_or("", UserId::as_str))
            .bind::<BigInt, _>(fetch(request.limit))
            .load(loan.connection())
            .await;
        let rows: Vec<HoldingRow> = loan.end("list_holdings", found)?;
        page(rows, request.limit, |holding: &Holding| holding.user_id.clone())
    }
}

// The sum of bigints is numeric, which does not wrap.
const LIST_HOLDINGS: &str = "
    SELECT user_id, least(sum(amount), 9223372036854775808)::text AS amount, count(*) AS epochs,
        max(epoch_id) AS last_epoch_id
    FROM (
        SELECT s.epoch_id, (p ->> 'user_id') COLLATE \"C\" AS user_id,
            (p ->> 'amount_credits')::bigint AS amount
        FROM payout_statements s, jsonb_array_elements(s.payouts_json) p
        WHERE s.ledger_id = $1 AND NOT EXISTS (
            SELECT FROM payout_statements newer
            WHERE newer.ledger_id = $1 AND newer.supersedes_statement_id = s.id
        )
    ) paid
    WHERE user_id > $2
    GROUP BY user_id
    ORDER BY user_id
    LIMIT $3";
