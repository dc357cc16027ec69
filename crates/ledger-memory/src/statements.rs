//! What was paid.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ledger_core::{
    AmountOverflow, Credits, EpochId, EpochStatus, NewPayoutStatement, PayoutStatement, Timestamp,
    UserId,
};
use ledger_port::{Holding, LedgerPortError, Page, PageRequest, PortResult, StatementStore};

use crate::MemoryStore;
use crate::books::Books;

impl Books {
    fn insert_payout_statement(
        &mut self,
        new: &NewPayoutStatement,
        now: Timestamp,
    ) -> PortResult<PayoutStatement> {
        new.check()?;
        self.epoch(new.epoch_id)?;
        if let Some(known) = self.statements.get(&new.id)
            && known.statement == *new
        {
            return Ok(known.clone());
        }
        self.check_id_is_free(new)?;
        self.check_pays_what_the_epoch_paid(new)?;
        self.check_place_in_line(new)?;
        Ok(self.write_statement(new, now))
    }

    /// STATEMENT_IMMUTABLE: an id means one statement for ever.
    pub(crate) fn check_id_is_free(&self, new: &NewPayoutStatement) -> PortResult<()> {
        if self.statements.contains_key(&new.id) {
            let epoch_id = new.epoch_id;
            return Err(LedgerPortError::StatementExists { epoch_id, found: new.id });
        }
        Ok(())
    }

    fn check_pays_what_the_epoch_paid(&self, new: &NewPayoutStatement) -> PortResult<()> {
        let epoch = self.epoch(new.epoch_id)?;
        let Some(found) = epoch.pool_total else {
            return Err(LedgerPortError::EpochStatusMismatch {
                epoch_id: epoch.id,
                found: epoch.status,
                needed: EpochStatus::Closed,
            });
        };
        if found != new.pool_total {
            let (epoch_id, asked) = (epoch.id, new.pool_total);
            return Err(LedgerPortError::PoolTotalMismatch { epoch_id, asked, found });
        }
        Ok(())
    }

    /// Statements of an epoch form a line: the first supersedes nothing, each other one the one
    /// before it.
    fn check_place_in_line(&self, new: &NewPayoutStatement) -> PortResult<()> {
        let epoch_id = new.epoch_id;
        let in_force = self.statement_in_force(epoch_id).map(|found| found.statement.id);
        match (new.supersedes, in_force) {
            (None, Some(found)) => Err(LedgerPortError::StatementExists { epoch_id, found }),
            (Some(asked), found) if found != Some(asked) => {
                Err(LedgerPortError::SupersededStatementNotCurrent { epoch_id, asked, found })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn write_statement(
        &mut self,
        new: &NewPayoutStatement,
        now: Timestamp,
    ) -> PayoutStatement {
        let statement = PayoutStatement { statement: new.clone(), created_at: now };
        self.statements.insert(new.id, statement.clone());
        statement
    }

    /// The statement of an epoch that no other supersedes.
    pub(crate) fn statement_in_force(&self, epoch_id: EpochId) -> Option<&PayoutStatement> {
        let superseded = |one: &PayoutStatement| {
            let by = |other: &PayoutStatement| other.statement.supersedes == Some(one.statement.id);
            self.statements.values().any(by)
        };
        self.statements.values().find(|one| one.statement.epoch_id == epoch_id && !superseded(one))
    }
}

/// What one person was paid in all, whether it fits into 63 bits or not; in how many epochs; and the
/// newest of them.
type Sum = (i128, u64, EpochId);

impl Books {
    fn holdings(&self) -> BTreeMap<&UserId, Sum> {
        let mut sums = BTreeMap::new();
        for epoch_id in self.epochs.keys() {
            let Some(paid) = self.statement_in_force(*epoch_id) else { continue };
            for row in &paid.statement.payouts {
                let (amount, epochs, last) = sums.entry(&row.user_id).or_insert((0, 0, *epoch_id));
                *amount += i128::from(row.amount_credits.get());
                *epochs += 1;
                *last = *epoch_id;
            }
        }
        sums
    }

    /// Looks only at whom the page needs: a sum that does not fit refuses the pages that show it.
    fn holdings_page(&self, request: &PageRequest<UserId>) -> PortResult<Page<Holding, UserId>> {
        let unseen = |(user_id, _): &(&UserId, Sum)| {
            request.after.as_ref().is_none_or(|after| *user_id > after)
        };
        let one_more = usize::from(request.limit.get()) + 1;
        let fetched = self.holdings().into_iter().filter(unseen).take(one_more).map(holding);
        let fetched = fetched.collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_fetched(fetched, request.limit, |holding| holding.user_id.clone()))
    }
}

fn holding(
    (user_id, (sum, epochs, last_epoch_id)): (&UserId, Sum),
) -> Result<Holding, AmountOverflow> {
    let overflow = |_| AmountOverflow { what: format!("what {user_id} was paid") };
    let amount = Credits::try_from(sum).map_err(overflow)?;
    Ok(Holding { user_id: user_id.clone(), amount, epochs, last_epoch_id })
}

#[async_trait]
impl StatementStore for MemoryStore {
    async fn insert_payout_statement(
        &self,
        statement: &NewPayoutStatement,
    ) -> PortResult<PayoutStatement> {
        self.write(|books, now| books.insert_payout_statement(statement, now))
    }

    async fn get_statement_for_epoch(
        &self,
        epoch_id: EpochId,
    ) -> PortResult<Option<PayoutStatement>> {
        Ok(self.read(|books| books.statement_in_force(epoch_id).cloned()))
    }

    async fn list_holdings(
        &self,
        request: PageRequest<UserId>,
    ) -> PortResult<Page<Holding, UserId>> {
        self.read(|books| books.holdings_page(&request))
    }
}
