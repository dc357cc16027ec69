//! Does one of the other commands, once under a key: key, answer and write in one transaction.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl};
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{LedgerId, Timestamp};
use ledger_port::{
    Answer, KEYS_ARE_KEPT, LedgerPortError, Once, PortResult, Render, Write, Written,
};
use ledger_schema::schema::idempotency_keys as keys;
use uuid::Uuid;

use super::{
    BeginReview, BindAndResolve, CreateEpoch, Finalize, InsertAndResolve, InsertEvents,
    InsertPoolComponent, ProposeAllocations, UpdateAllocation,
};
use crate::transaction::{Command, TxError};

/// Does a write, under a key where there is one.
pub(crate) struct WriteOnce<'a> {
    ledger_id: LedgerId,
    write: &'a Write,
    once: Option<&'a Once>,
    render: Render<'a>,
    now: Timestamp,
}

/// The command for each kind of write, checked already.
enum Work<'a> {
    CreateEpoch(CreateEpoch<'a>),
    BeginReview(BeginReview),
    Finalize(Finalize<'a>),
    InsertEvents(InsertAndResolve<'a>),
    Bind(BindAndResolve<'a>),
    Propose(ProposeAllocations),
    UpdateAllocation(UpdateAllocation<'a>),
    InsertPoolComponent(InsertPoolComponent<'a>),
}

impl<'a> Work<'a> {
    fn new(ledger_id: LedgerId, write: &'a Write, now: Timestamp) -> PortResult<Self> {
        Ok(match write {
            Write::CreateEpoch(epoch) => Self::CreateEpoch(CreateEpoch { ledger_id, epoch, now }),
            Write::BeginReview(epoch_id) => {
                Self::BeginReview(BeginReview { ledger_id, epoch_id: *epoch_id })
            }
            Write::FinalizeEpoch(asked) => Self::Finalize(Finalize { ledger_id, asked, now }),
            Write::InsertActivityEvents { epoch_id, events } => {
                let insert = InsertEvents::new(ledger_id, *epoch_id, events, now)?;
                Self::InsertEvents(InsertAndResolve(insert))
            }
            Write::BindIdentities(bindings) => {
                Self::Bind(BindAndResolve { ledger_id, bindings, now })
            }
            Write::ProposeAllocations(epoch_id) => {
                Self::Propose(ProposeAllocations { ledger_id, epoch_id: *epoch_id, now })
            }
            Write::UpdateAllocation { epoch_id, user_id, decision } => {
                let (epoch_id, decision) = (*epoch_id, decision.as_ref());
                Self::UpdateAllocation(UpdateAllocation {
                    ledger_id,
                    epoch_id,
                    user_id,
                    decision,
                    now,
                })
            }
            Write::InsertPoolComponent { epoch_id, component } => Self::InsertPoolComponent(
                InsertPoolComponent::new(ledger_id, *epoch_id, component)?,
            ),
        })
    }

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Written, TxError> {
        Ok(match self {
            Self::CreateEpoch(command) => Written::Epoch(command.run(tx).await?),
            Self::BeginReview(command) => Written::Epoch(command.run(tx).await?),
            Self::Finalize(command) => Written::Finalized(command.run(tx).await?),
            Self::InsertEvents(command) => Written::Activity(command.run(tx).await?),
            Self::Bind(command) => command.run(tx).await?,
            Self::Propose(command) => Written::Proposed(command.run(tx).await?),
            Self::UpdateAllocation(command) => Written::Allocation(command.run(tx).await?),
            Self::InsertPoolComponent(command) => Written::PoolComponent(command.run(tx).await?),
        })
    }
}

/// Of two requests under one key at once, the second waits here, and then finds the answer of the
/// first. Before every other lock, so it is part of no circle.
const TAKE_TURNS: &str = "
    SELECT pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended($1::text || ' ' || $2, 7265019744318025))";

/// A few at a time, and one caller at a time: whoever comes meanwhile leaves it to the next write. The
/// service role may not lock these rows, as it may update nothing of them.
const FORGET_OLD_KEYS: &str = "
    DELETE FROM idempotency_keys WHERE ledger_id = $1 AND key IN (
        SELECT key FROM idempotency_keys WHERE ledger_id = $1 AND created_at < $2
        ORDER BY created_at LIMIT 10)
    AND (SELECT pg_catalog.pg_try_advisory_xact_lock(
        pg_catalog.hashtextextended($1::text, 7265019744318026)))";

#[derive(Insertable)]
#[diesel(table_name = keys)]
struct NewRow<'a> {
    ledger_id: Uuid,
    key: &'a str,
    request_hash: &'a str,
    answer: &'a str,
    created_at: DateTime<Utc>,
}

impl<'a> WriteOnce<'a> {
    pub(crate) fn new(
        ledger_id: LedgerId,
        write: &'a Write,
        once: Option<&'a Once>,
        render: Render<'a>,
        now: Timestamp,
    ) -> Self {
        Self { ledger_id, write, once, render, now }
    }

    /// What is wrong with the write alone is said here, after a look at the key: what was answered is
    /// answered again, whatever is refused today.
    async fn work(&self, tx: &mut AsyncPgConnection) -> Result<String, TxError> {
        let work = Work::new(self.ledger_id, self.write, self.now)?;
        Ok((self.render)(&work.run(tx).await?))
    }

    async fn remember(
        &self,
        tx: &mut AsyncPgConnection,
        once: &Once,
        answer: &str,
    ) -> Result<(), TxError> {
        let row = NewRow {
            ledger_id: self.ledger_id.0,
            key: once.key.as_str(),
            request_hash: once.request_hash.as_str(),
            answer,
            created_at: self.now.as_datetime(),
        };
        diesel::insert_into(keys::table).values(row).execute(tx).await?;
        diesel::sql_query(FORGET_OLD_KEYS)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<Timestamptz, _>(self.now.as_datetime() - KEYS_ARE_KEPT)
            .execute(tx)
            .await?;
        Ok(())
    }
}

#[async_trait]
impl Command for WriteOnce<'_> {
    type Output = Answer;
    const NAME: &'static str = "write";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Answer, TxError> {
        let Some(once) = self.once else {
            let text = self.work(tx).await?;
            return Ok(Answer { text, is_replayed: false });
        };
        diesel::sql_query(TAKE_TURNS)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<Text, _>(once.key.as_str())
            .execute(tx)
            .await?;
        if let Some(answer) = find_answer(tx, self.ledger_id, once).await? {
            return Ok(answer);
        }
        let text = self.work(tx).await?;
        self.remember(tx, once, &text).await?;
        Ok(Answer { text, is_replayed: false })
    }
}

/// What was answered under the key, if it was used.
pub(crate) async fn find_answer(
    connection: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    once: &Once,
) -> Result<Option<Answer>, TxError> {
    let found: Option<(String, String)> = keys::table
        .filter(keys::ledger_id.eq(ledger_id.0))
        .filter(keys::key.eq(once.key.as_str()))
        .select((keys::request_hash, keys::answer))
        .first(connection)
        .await
        .optional()?;
    match found {
        None => Ok(None),
        Some((hash, text)) if hash == once.request_hash.as_str() => {
            Ok(Some(Answer { text, is_replayed: true }))
        }
        Some(_) => Err(LedgerPortError::IdempotencyKeyReused { key: once.key.clone() }.into()),
    }
}
