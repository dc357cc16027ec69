use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{LedgerId, Timestamp};
use ledger_port::{IdentityBinding, LedgerPortError};

use super::{ROWS_PER_STATEMENT, count};
use crate::rows::Place;
use crate::transaction::{Command, TxError};

/// Remembers who platform users are.
pub(crate) struct BindIdentities<'a> {
    ledger_id: LedgerId,
    bindings: &'a [IdentityBinding],
    /// Positions of the call by key, the order in which everybody inserts.
    order: Vec<usize>,
    now: Timestamp,
}

impl<'a> BindIdentities<'a> {
    pub(crate) fn new(
        ledger_id: LedgerId,
        bindings: &'a [IdentityBinding],
        now: Timestamp,
    ) -> Self {
        let mut order: Vec<usize> = (0..bindings.len()).collect();
        order.sort_by(|a, b| bindings[*a].key.cmp(&bindings[*b].key));
        Self { ledger_id, bindings, order, now }
    }

    /// People first: a binding names one.
    async fn insert_users(&self, tx: &mut AsyncPgConnection) -> Result<(), TxError> {
        let mut users: Vec<&str> =
            self.bindings.iter().map(|binding| binding.user_id.as_str()).collect();
        users.sort_unstable();
        users.dedup();
        for chunk in users.chunks(ROWS_PER_STATEMENT) {
            diesel::sql_query(INSERT_USERS)
                .bind::<SqlUuid, _>(self.ledger_id.0)
                .bind::<Array<Text>, _>(chunk)
                .bind::<Timestamptz, _>(self.now.as_datetime())
                .execute(tx)
                .await?;
        }
        Ok(())
    }
}

/// What may happen to a ledger's bindings until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bindings {
    /// They stay as they are.
    Stay,
    /// They change.
    Change,
}

const LET_STAY: &str = "
    SELECT pg_catalog.pg_advisory_xact_lock_shared(
        pg_catalog.hashtextextended($1::text, 5001178293450025))";
const LET_CHANGE: &str = "
    SELECT pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended($1::text, 5001178293450025))";

/// Keeps whoever binds apart from whoever gives the events that they insert to bound people: neither would
/// see what the other has not committed yet, and the event of a bound person would wait for ever. Taken
/// before every epoch's turnstile. Again in the same transaction is nothing.
pub(super) async fn let_bindings(
    bindings: Bindings,
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
) -> Result<(), TxError> {
    let lock = match bindings {
        Bindings::Stay => LET_STAY,
        Bindings::Change => LET_CHANGE,
    };
    diesel::sql_query(lock).bind::<SqlUuid, _>(ledger_id.0).execute(tx).await?;
    Ok(())
}

const INSERT_USERS: &str = "
    INSERT INTO users (ledger_id, user_id, created_at)
    SELECT l.ledger_id, u.user_id, $3
    FROM ledgers l CROSS JOIN unnest($2) AS u (user_id)
    WHERE l.ledger_id = $1
    ON CONFLICT (ledger_id, user_id) DO NOTHING";

const INSERT_BINDINGS: &str = "
    INSERT INTO identity_bindings (ledger_id, source, platform_user_id, user_id, created_at)
    SELECT l.ledger_id, u.source, u.platform_user_id, u.user_id, $5
    FROM ledgers l CROSS JOIN unnest($2, $3, $4) AS u (source, platform_user_id, user_id)
    WHERE l.ledger_id = $1
    ON CONFLICT (ledger_id, source, platform_user_id) DO NOTHING";

const FIND_OTHERS: &str = "
    SELECT u.place - 1 AS place, b.user_id
    FROM unnest($2, $3, $4) WITH ORDINALITY AS u (source, platform_user_id, user_id, place)
    JOIN identity_bindings b ON b.ledger_id = $1 AND b.source = u.source
        AND b.platform_user_id = u.platform_user_id
    WHERE b.user_id <> u.user_id";

#[derive(QueryableByName)]
struct OtherRow {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    place: i64,
    #[diesel(sql_type = Text)]
    user_id: String,
}

#[async_trait]
impl Command for BindIdentities<'_> {
    type Output = u64;
    const NAME: &'static str = "bind_identities";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<u64, TxError> {
        let_bindings(Bindings::Change, tx, self.ledger_id).await?;
        self.insert_users(tx).await?;
        let mut bound = 0;
        let mut first_refused: Option<(usize, LedgerPortError)> = None;
        for positions in self.order.chunks(ROWS_PER_STATEMENT) {
            let chunk = || positions.iter().map(|at| &self.bindings[*at]);
            let sources: Vec<&str> = chunk().map(|b| b.key.source.as_str()).collect();
            let platform_users: Vec<&str> =
                chunk().map(|b| b.key.platform_user_id.as_str()).collect();
            let users: Vec<&str> = chunk().map(|b| b.user_id.as_str()).collect();
            bound += diesel::sql_query(INSERT_BINDINGS)
                .bind::<SqlUuid, _>(self.ledger_id.0)
                .bind::<Array<Text>, _>(&sources)
                .bind::<Array<Text>, _>(&platform_users)
                .bind::<Array<Text>, _>(&users)
                .bind::<Timestamptz, _>(self.now.as_datetime())
                .execute(tx)
                .await?;
            let others: Vec<OtherRow> = diesel::sql_query(FIND_OTHERS)
                .bind::<SqlUuid, _>(self.ledger_id.0)
                .bind::<Array<Text>, _>(&sources)
                .bind::<Array<Text>, _>(&platform_users)
                .bind::<Array<Text>, _>(&users)
                .load(tx)
                .await?;
            for other in others {
                let place = Place { table: "identity_bindings", row: &other.place };
                let nth: usize = place.read("platform_user_id", other.place)?;
                let position = positions[nth];
                if first_refused.as_ref().is_none_or(|(first, _)| position < *first) {
                    let asked = self.bindings[position].clone();
                    let refusal = LedgerPortError::IdentityAlreadyBound {
                        source_name: asked.key.source,
                        platform_user_id: asked.key.platform_user_id,
                        found: place.read("user_id", other.user_id)?,
                        asked: asked.user_id,
                    };
                    first_refused = Some((position, refusal));
                }
            }
        }
        match first_refused {
            Some((_, refusal)) => Err(refusal.into()),
            None => Ok(count(bound)),
        }
    }
}
