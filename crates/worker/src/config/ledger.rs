//! `[[ledger]]`: what is planned for one ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger_core::{Credits, EventKind, LedgerName, Timestamp, Units, WeightTable};

use super::table::Table;
use super::value::{SHORTEST, boolean, checked, duration, texts, time, whole};
use super::{LedgerPlan, source};
use crate::EpochCalendar;

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// 2026-01-05T00:00:00Z, a Monday.
const A_MONDAY: i64 = 1_767_571_200;
const HOUR: Duration = Duration::from_secs(60 * 60);
const DEFAULT_COLLECT_EVERY: Duration = HOUR;
const DEFAULT_GRACE: Duration = Duration::from_secs(6 * 60 * 60);
const DEFAULT_CATCH_UP: u32 = 8;
/// The most missed windows that are opened without asking.
const MAX_CATCH_UP: i64 = 1_000;

/// Reads one ledger. `None` where something that must be there is faulty; what is faulty is told.
pub(super) fn read(
    mut table: Table<'_, '_>,
    seen: &mut BTreeMap<LedgerName, usize>,
) -> Option<LedgerPlan> {
    let name = table.require("name", "write name = \"default\"", checked::<LedgerName>);
    if let Some(name) = &name {
        table.tell_second("name", name, seen, |line| {
            format!(
                "\"{name}\" is the ledger of line {line} already; give this one another name, or \
                 put its sources there"
            )
        });
    }
    let create = table.read("create", boolean).unwrap_or(true);
    let calendar = calendar(&mut table);
    let base_issuance = table.read("base_issuance", |value| {
        whole(value, 0..=i64::MAX)
            .and_then(|number| Credits::new(number).map_err(|e| e.to_string()))
    });
    let last_collection_grace = grace(&mut table, calendar);
    let max_catch_up = table
        .read("max_catch_up", |value| whole(value, 1..=MAX_CATCH_UP))
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or(DEFAULT_CATCH_UP);
    let weights = weights(&mut table);
    let collect_every = table
        .read("collect_every", |value| duration(value, SHORTEST))
        .unwrap_or(DEFAULT_COLLECT_EVERY);
    let bots = table.read("bots", texts).unwrap_or_default();
    let mut seen_sources = BTreeMap::new();
    let mut sources = Vec::new();
    for one in table.tables("source") {
        sources.push(source::read(one, &bots, collect_every, &mut seen_sources));
    }
    table.refuse_rest();
    Some(LedgerPlan {
        name: name?,
        create,
        calendar: calendar?,
        weights: weights?,
        base_issuance,
        last_collection_grace,
        max_catch_up,
        sources: sources.into_iter().collect::<Option<_>>()?,
    })
}

fn calendar(table: &mut Table<'_, '_>) -> Option<EpochCalendar> {
    let length = table.read("epoch_length", |value| duration(value, SHORTEST)).unwrap_or(WEEK);
    let anchor = table.read("epoch_anchor", time).unwrap_or_else(|| {
        Timestamp::from_unix_seconds(A_MONDAY).expect("2026 is within the years 1 to 9999")
    });
    EpochCalendar::new(length, anchor)
        .map_err(|error| table.tell("epoch_length", error.to_string()))
        .ok()
}

/// The default is never longer than an epoch, so that a short epoch needs no second key.
fn grace(table: &mut Table<'_, '_>, calendar: Option<EpochCalendar>) -> Duration {
    let length = calendar.map_or(WEEK, |calendar| calendar.length());
    let written = table.read("last_collection_grace", |value| duration(value, Duration::ZERO));
    let Some(grace) = written else { return DEFAULT_GRACE.min(length) };
    if grace > length {
        let problem = format!(
            "{} is longer than an epoch, {}, so that a failing source would hold back more than \
             one; write that at most",
            humantime::format_duration(grace),
            humantime::format_duration(length),
        );
        table.tell("last_collection_grace", problem);
    }
    grace
}

fn weights(table: &mut Table<'_, '_>) -> Option<WeightTable> {
    let faults = table.faults();
    let Some(entry) = table.entry("weights") else {
        table.tell(
            "weights",
            "they are missing, and nothing would be paid; write [ledger.weights] with \
             \"git:commit_authored\" = 1000",
        );
        return None;
    };
    let inner = Table::of(faults, entry)?;
    let mut weights = BTreeMap::new();
    for entry in inner.rest() {
        let kind = entry.key.parse::<EventKind>();
        let kind = kind.map_err(|error| faults.add(entry.key_at, &entry.path, error.to_string()));
        let weight = whole(entry.value, 0..=i64::MAX)
            .and_then(|number| Units::new(number).map_err(|error| error.to_string()))
            .map_err(|problem| {
                faults.add(entry.at, &entry.path, format!("{problem}, in milli-units"));
            });
        weights.extend(kind.ok().zip(weight.ok()));
    }
    WeightTable::new(weights).map_err(|error| table.tell("weights", error.to_string())).ok()
}
