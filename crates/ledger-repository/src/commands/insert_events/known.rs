//! Which of the events that come are there already, and which of those say something else.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{LedgerId, NewActivityEvent, Sha256Hex};
use ledger_port::StoreFault;

use crate::rows::Place;
use crate::transaction::TxError;

/// An event that is there already.
pub(super) struct Known {
    /// Its place among those that were asked for.
    pub(super) place: usize,
    /// The hash that is stored, where it is another.
    pub(super) other_hash: Option<Sha256Hex>,
}

#[derive(QueryableByName)]
struct KnownRow {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Nullable<Text>)]
    other_hash: Option<String>,
}

// Only ids and hashes travel. `Some` of what is found are conflicts: those are asked for alone after an
// INSERT that skipped rows, and all that is known before one that would skip most.
//
// LIMIT 1 in LATERAL has each event looked up by its key. As a join, PostgreSQL reads the whole table for
// each statement where there are no statistics yet, which is so right after a first large collection.
macro_rules! known {
    ($which:literal) => {
        concat!(
            "SELECT u.place - 1 AS place, \
                CASE WHEN e.payload_hash <> u.payload_hash THEN e.payload_hash END AS other_hash \
             FROM unnest($2, $3) WITH ORDINALITY AS u (id, payload_hash, place) \
             CROSS JOIN LATERAL ( \
                SELECT payload_hash FROM activity_events \
                WHERE ledger_id = $1 AND id = u.id LIMIT 1 \
             ) e",
            $which
        )
    };
}

/// Which events are asked for.
#[derive(Clone, Copy)]
pub(super) enum Which {
    /// All that are there.
    Known,
    /// Those that are there with another hash.
    Conflicting,
}

impl Which {
    const fn sql(self) -> &'static str {
        match self {
            Self::Known => known!(""),
            Self::Conflicting => known!(" WHERE e.payload_hash <> u.payload_hash"),
        }
    }
}

/// Looks the events up.
pub(super) async fn find(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    events: impl Iterator<Item = &NewActivityEvent> + Clone,
    which: Which,
) -> Result<Vec<Known>, TxError> {
    let ids: Vec<&str> = events.clone().map(|event| event.id.as_str()).collect();
    let hashes: Vec<&str> = events.map(|event| event.payload_hash.as_str()).collect();
    let rows: Vec<KnownRow> = diesel::sql_query(which.sql())
        .bind::<SqlUuid, _>(ledger_id.0)
        .bind::<Array<Text>, _>(ids)
        .bind::<Array<Text>, _>(hashes)
        .load(tx)
        .await?;
    Ok(rows.into_iter().map(known).collect::<Result<_, _>>()?)
}

fn known(row: KnownRow) -> Result<Known, StoreFault> {
    let place = Place { table: "activity_events", row: &row.place };
    let other_hash = row.other_hash.map(|hash| place.read("payload_hash", hash)).transpose()?;
    Ok(Known { place: place.read("id", row.place)?, other_hash })
}
