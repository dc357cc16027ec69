//! Every checked value of the core: what it takes comes back as it was, and keeps the type's rule. The
//! rules are said here once more, so that a type that forgot its own is found.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use fastrand::Rng;
use ledger_core::{
    AllocationOverride, BearerToken, ComponentId, Credits, CursorKey, DisplayName, EpochStatus,
    EventId, EventKind, EventType, IdempotencyKey, InvalidValue, LedgerName, OneLine, Payout,
    Period, PlatformUserId, Scope, Sha256Hex, SourceCursor, SourceId, SourceName, Timestamp,
    TokenId, TokenName, Units, UserId, Visibility, WeightTable, WorkerName, allocation_set_hash,
    canonical_json, json_without_addresses, payouts, without_addresses,
};
use ledger_repository::DatabaseUrl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json::json_text;
use super::tally::{Tally, Verdict, guarded, shown};
use super::texts::{WHOLE, largest, number, text};
use crate::{Outcome, broken, ensure};

/// Asks one type with one text.
type Ask = fn(&str) -> Outcome<Verdict>;

/// The types that are read from text.
const TARGETS: &[(&str, Ask)] = &[
    ("user id", |text| id::<UserId>(text, |text| printable(text, 256))),
    ("event id", |text| id::<EventId>(text, |text| printable(text, 512))),
    ("platform user id", |text| id::<PlatformUserId>(text, |text| printable(text, 256))),
    ("source name", |text| id::<SourceName>(text, slug)),
    ("source id", |text| id::<SourceId>(text, slug)),
    ("event type", |text| id::<EventType>(text, slug)),
    ("component id", |text| id::<ComponentId>(text, slug)),
    ("ledger name", |text| id::<LedgerName>(text, slug)),
    ("display name", |text| id::<DisplayName>(text, |text| named(text) && !text.contains('@'))),
    ("token name", |text| id::<TokenName>(text, named)),
    ("worker", |text| id::<WorkerName>(text, |text| printable(text, 256))),
    ("idempotency key", |text| {
        id::<IdempotencyKey>(text, |text| {
            text.len() <= 255 && text.bytes().all(|b| (33..127).contains(&b))
        })
    }),
    ("SHA-256", |text| {
        id::<Sha256Hex>(text, |text| {
            text.len() == 64 && text.chars().all(|c| "0123456789abcdef".contains(c))
        })
    }),
    ("event kind", |text| word(text, text.parse::<EventKind>())),
    ("epoch status", |text| word(text, text.parse::<EpochStatus>())),
    ("scope", |text| word(text, text.parse::<Scope>())),
    ("visibility", |text| word(text, text.parse::<Visibility>())),
    ("token id", |text| refusal(text.parse::<TokenId>(), |id| again(text, &id, &id.to_string()))),
    ("bearer token", bearer_token),
    ("time", timestamp),
    ("time as JSON", |text| refusal_of_json::<Timestamp>(text, in_years_1_to_9999)),
    ("week", week),
    ("amount of credits", |text| amount::<Credits>(text, Credits::get)),
    ("amount of units", |text| amount::<Units>(text, Units::get)),
    ("payout as JSON", |text| refusal_of_json::<Payout>(text, |_| true)),
    ("line of text", one_line),
    ("override reason", override_reason),
    ("cursor key", cursor_key),
    ("cursor value", |text| {
        refusal(SourceCursor::check_value(text), |()| {
            keeps(text, text.len() <= 65_536 && !text.contains('\0'))
        })
    }),
    ("database address", |text| {
        let answer = text.parse::<DatabaseUrl>();
        Ok(if answer.is_ok() { Verdict::Accepted } else { Verdict::Refused })
    }),
    ("text without addresses", |text| {
        keeps(text, !without_addresses(text).contains('@'))?;
        Ok(Verdict::Accepted)
    }),
];

/// Throws the largest text at every type, and each of those that some type takes, once.
pub(crate) fn ask_chosen(dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
    let large = largest(dice);
    for text in std::iter::once(large.as_str()).chain(WHOLE.iter().copied()) {
        for (target, ask) in TARGETS {
            tally.add(target, guarded(target, || text.to_owned(), || ask(text))?);
        }
    }
    Ok(())
}

/// Throws texts at every type, and other things at what is not read from text.
pub(crate) fn ask(dice: &mut Rng, tally: &mut Tally, rounds: u64) -> Outcome<()> {
    for _ in 0..rounds {
        for (target, ask) in TARGETS {
            let text = text(dice);
            tally.add(target, guarded(target, || text.clone(), || ask(&text))?);
        }
        let json = json_text(dice, r#"{"git:commit_authored":1000,"github:pr_merged":0}"#);
        let input = || String::from_utf8_lossy(&json).into_owned();
        tally.add("weight table", guarded("weight table", input, || weight_table(&json))?);
        tally.add("payouts", guarded("payouts", String::new, || split(dice))?);
    }
    Ok(())
}

fn keeps(text: &str, is_kept: bool) -> Outcome<()> {
    ensure!(is_kept, "{} was taken, against the rule of the type", shown(text));
    Ok(())
}

fn printable(text: &str, most: usize) -> bool {
    !text.is_empty()
        && text.len() <= most
        && !text.chars().any(|c| matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'))
}

fn named(text: &str) -> bool {
    printable(text, 128) && !text.starts_with(' ') && !text.ends_with(' ')
}

fn slug(text: &str) -> bool {
    let rest = "abcdefghijklmnopqrstuvwxyz0123456789_-.";
    text.len() <= 64
        && text.chars().all(|c| rest.contains(c))
        && text.starts_with(|c: char| c.is_ascii_lowercase())
}

fn in_years_1_to_9999(moment: &Timestamp) -> bool {
    (-62_135_596_800..=253_402_300_799).contains(&moment.unix_seconds())
        && moment.as_datetime().timestamp_subsec_nanos().is_multiple_of(1_000)
        && moment.as_datetime().timestamp_subsec_nanos() < 1_000_000_000
}

/// Judges an answer; a refusal must be short, and on one line.
fn refusal<T>(
    answer: Result<T, InvalidValue>,
    judge: impl FnOnce(T) -> Outcome<()>,
) -> Outcome<Verdict> {
    match answer {
        Ok(value) => judge(value).map(|()| Verdict::Accepted),
        Err(problem) => {
            let words = problem.to_string();
            ensure!(words.len() < 4_000, "a refusal has {} bytes", words.len());
            ensure!(
                !words.contains(char::is_control),
                "a refusal holds a control character: {words:?}"
            );
            Ok(Verdict::Refused)
        }
    }
}

/// The text of a value is read as that value again.
fn again<T: FromStr<Err: Debug> + PartialEq + Debug>(
    text: &str,
    value: &T,
    told: &str,
) -> Outcome<()> {
    match told.parse::<T>() {
        Ok(read) if read == *value => Ok(()),
        other => broken!(
            "{} became {value:?}, which is told as {told:?}, which is {other:?}",
            shown(text)
        ),
    }
}

fn as_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    text: &str,
    value: &T,
) -> Outcome<()> {
    let json = serde_json::to_string(value)?;
    match serde_json::from_str::<T>(&json) {
        Ok(read) if read == *value => Ok(()),
        other => broken!("{} became {value:?}, whose JSON {json} is {other:?}", shown(text)),
    }
}

/// An id: it is its text, to the byte, whichever way it is made.
fn id<T>(text: &str, rule: fn(&str) -> bool) -> Outcome<Verdict>
where
    T: FromStr<Err = InvalidValue> + Display + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let from_json = serde_json::from_value::<T>(Value::from(text)).ok();
    let parsed = text.parse::<T>();
    ensure!(
        from_json == parsed.clone_ok(),
        "{} is one thing as text and another as JSON",
        shown(text)
    );
    refusal(parsed, |id| {
        keeps(text, rule(text))?;
        ensure!(id.to_string() == text, "{} is told as {id}", shown(text));
        as_json(text, &id)
    })
}

/// The value of an answer whose type cannot be cloned: made once more.
trait CloneOk<T> {
    fn clone_ok(&self) -> Option<T>;
}

impl<T: FromStr + Display> CloneOk<T> for Result<T, InvalidValue> {
    fn clone_ok(&self) -> Option<T> {
        self.as_ref().ok().and_then(|value| value.to_string().parse().ok())
    }
}

fn word<T>(text: &str, answer: Result<T, InvalidValue>) -> Outcome<Verdict>
where
    T: FromStr<Err = InvalidValue> + Display + PartialEq + Debug,
{
    refusal(answer, |word| {
        ensure!(word.to_string() == text, "{} is told as {word}", shown(text));
        again(text, &word, text)
    })
}

fn refusal_of_json<T>(text: &str, rule: fn(&T) -> bool) -> Outcome<Verdict>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let quoted = || serde_json::from_value::<T>(Value::from(text)).ok();
    let Some(value) = serde_json::from_str::<T>(text).ok().or_else(quoted) else {
        return Ok(Verdict::Refused);
    };
    keeps(text, rule(&value))?;
    as_json(text, &value)?;
    Ok(Verdict::Accepted)
}

fn bearer_token(text: &str) -> Outcome<Verdict> {
    let Ok(token) = text.parse::<BearerToken>() else { return Ok(Verdict::Refused) };
    let told = token.reveal();
    ensure!(told == text.to_ascii_lowercase(), "{} is told as {told}", shown(text));
    Ok(Verdict::Accepted)
}

fn timestamp(text: &str) -> Outcome<Verdict> {
    refusal(text.parse::<Timestamp>(), |moment| {
        keeps(text, in_years_1_to_9999(&moment))?;
        keeps(text, in_years_1_to_9999(&moment.start_of_day()))?;
        as_json(text, &moment)?;
        again(text, &moment, &moment.to_string())
    })
}

fn week(text: &str) -> Outcome<Verdict> {
    refusal(Period::iso_week(text), |week| {
        let seconds = week.end().unix_seconds() - week.start().unix_seconds();
        keeps(text, seconds == 7 * 24 * 60 * 60 && week.contains(week.start()))
    })
}

fn amount<T>(text: &str, get: fn(T) -> i64) -> Outcome<Verdict>
where
    T: FromStr<Err = InvalidValue> + Serialize + DeserializeOwned + PartialEq + Debug + Copy,
{
    refusal(text.parse::<T>(), |amount| {
        keeps(text, get(amount) >= 0 && text.parse::<i64>() == Ok(get(amount)))?;
        as_json(text, &amount)
    })
}

fn one_line(text: &str) -> Outcome<Verdict> {
    let line = OneLine::of(text);
    keeps(text, printable(line.as_str(), 2_000))?;
    ensure!(OneLine::of(line.as_str()) == line, "{} is not kept as it is", shown(line.as_str()));
    Ok(Verdict::Accepted)
}

fn override_reason(text: &str) -> Outcome<Verdict> {
    refusal(AllocationOverride::new(Units::ZERO, text), |decision| {
        let shown_to_people = text.replace(['\n', '\t'], " ");
        keeps(text, printable(&shown_to_people, 2_000) && decision.reason() == text)
    })
}

fn cursor_key(text: &str) -> Outcome<Verdict> {
    let source = SourceName::new("git")?;
    refusal(CursorKey::new(source, text, "scope"), |key| {
        keeps(text, printable(text, 512) && key.stream() == text)
    })
}

fn weight_table(json: &[u8]) -> Outcome<Verdict> {
    let Ok(json) = serde_json::from_slice::<Value>(json) else { return Ok(Verdict::Refused) };
    let text = json.to_string();
    let _ = json_without_addresses(&json);
    let canonical = canonical_json(&json);
    let read: Value = serde_json::from_slice(&canonical)?;
    ensure!(canonical_json(&read) == canonical, "{} has two canonical forms", shown(&text));
    refusal(WeightTable::from_json(&json), |table| {
        keeps(&text, table.iter().all(|(_, weight)| weight.get() >= 0))?;
        let again = WeightTable::from_json(&table.to_json());
        ensure!(again.as_ref() == Ok(&table), "{} is read back as {again:?}", shown(&text));
        Ok(())
    })
}

/// Splits any pool among people with any units.
fn split(dice: &mut Rng) -> Outcome<Verdict> {
    let Ok(pool) = Credits::new(number(dice)) else { return Ok(Verdict::Refused) };
    let mut owned = Vec::new();
    for person in 0..dice.u8(..6) {
        let Ok(units) = Units::new(number(dice)) else { return Ok(Verdict::Refused) };
        owned.push((UserId::new(format!("user-{person}"))?, units));
    }
    let _ = allocation_set_hash(owned.iter().map(|(id, units)| (id, *units)));
    let text = format!("{pool} among {owned:?}");
    let Ok(rows) = payouts(owned, pool) else { return Ok(Verdict::Refused) };
    let sum: i128 = rows.iter().map(|row| i128::from(row.amount_credits.get())).sum();
    let is_whole = rows.is_empty() || sum == i128::from(pool.get());
    ensure!(is_whole, "{} pays {sum}", shown(&text));
    Ok(Verdict::Accepted)
}
