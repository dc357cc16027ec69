//! The same events for everybody, made from their numbers.

use std::ops::Range;

use ledger_core::{NewActivityEvent, Period, Sha256Hex, Timestamp, Units, UserId};
use serde_json::json;

/// The week in which everything happens.
pub const WEEK: &str = "2026-W47";

/// How many people do it, where it does not matter much.
pub const PEOPLE: u64 = 1_000;

/// What they do: source and type.
pub const KINDS: [(&str, &str); 4] = [
    ("git", "commit_authored"),
    ("github", "pull_request_merged"),
    ("github", "review_submitted"),
    ("forum", "answer_accepted"),
];

/// How many callers there are, where each sends one event a call.
pub const CALLERS: usize = 8;

/// How many calls each of them makes first. PostgreSQL plans a prepared statement anew five times, and
/// reads its catalogs for a connection's first ones.
pub const FIRST_CALLS: usize = 10;

/// What events are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// A hash each, as commits are called: they come in no order of ids, which is the worst for an index.
    Hashes,
    /// As the project's sources call them: a commit by its hash, a pull request by its number in one of
    /// [`REPOSITORIES`], a review and an answer by the number that their platform gave it.
    OfSources,
}

/// How many repositories a community has.
const REPOSITORIES: u64 = 100;

const SECONDS_OF_A_WEEK: u64 = 7 * 24 * 60 * 60;

impl Ids {
    /// What the event of that number is called: `n % 4` is its kind.
    fn id(self, n: u64, source: &str, hash: &str) -> String {
        let of_its_kind = n / 4;
        match (self, n % 4) {
            (Self::Hashes, _) => format!("{source}:example/orchard:{hash}"),
            (Self::OfSources, 0) => {
                format!("git:commit:forge.example/orchard/{}:{hash}", of_its_kind % REPOSITORIES)
            }
            (Self::OfSources, 1) => {
                let repository = 100_000 + of_its_kind % REPOSITORIES;
                format!("github:pr:{repository}:{}", 1 + of_its_kind / REPOSITORIES)
            }
            (Self::OfSources, 2) => format!("github:review:{}", 1_000_000_000 + of_its_kind),
            (Self::OfSources, _) => format!("forum:answer:{}", 1 + of_its_kind),
        }
    }
}

/// A number that looks random and is the same each time (SplitMix64, Steele, Lea and Flood 2014).
const fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The week as a period.
///
/// # Panics
/// Never: the week is a constant.
#[must_use]
pub fn week() -> Period {
    Period::iso_week(WEEK).expect("a week")
}

/// The person of that number, as the platform and as the ledger know them.
#[must_use]
pub fn person(number: u64) -> (String, String) {
    (format!("dev{number:06}@example.org"), format!("user-{number:06}"))
}

/// Units of so many people, for payouts.
///
/// # Panics
/// Never: what is made follows the rules.
#[must_use]
pub fn units(people: u64) -> Vec<(UserId, Units)> {
    let of = |n: u64| {
        let units = Units::new(i64::try_from(1 + mixed(n) % 100_000).expect("it is small"));
        (person(n).1.parse().expect("an id"), units.expect("not negative"))
    };
    // In no order of ids.
    (0..people).map(|n| of((n * 7_919) % people)).collect()
}

/// The first so many events, each with a hash for an id; see [`events_among`].
#[must_use]
pub fn events(count: u64, people: u64, is_resolved: bool) -> Vec<NewActivityEvent> {
    events_among(count, 0..count, people, is_resolved, Ids::Hashes)
}

/// The events of the callers' first calls, and so many others.
///
/// # Panics
/// When there are more than this machine can number.
#[must_use]
pub fn events_of_callers(count: u64) -> (Vec<NewActivityEvent>, Vec<NewActivityEvent>) {
    let count = usize::try_from(count).expect("they fit into memory");
    let first = CALLERS * FIRST_CALLS;
    let all = u64::try_from(first + count).expect("no more than 64 bits");
    let mut first_ones = events(all, PEOPLE, false);
    let others = first_ones.split_off(first);
    (first_ones, others)
}

/// The events in so many parts, one for each caller.
#[must_use]
pub fn parts(events: &[NewActivityEvent], number: usize) -> Vec<Vec<NewActivityEvent>> {
    events.chunks(events.len().div_ceil(number)).map(<[_]>::to_vec).collect()
}

/// Some of so many events, in the order in which they happened. Some have metadata, an address or a login,
/// and some have none.
///
/// # Panics
/// Never: what is made follows the rules.
#[must_use]
pub fn events_among(
    count: u64,
    numbers: Range<u64>,
    people: u64,
    is_resolved: bool,
    ids: Ids,
) -> Vec<NewActivityEvent> {
    let start = week().start().unix_seconds();
    numbers
        .map(|n| {
            let (source, event_type) = KINDS[usize::try_from(n % 4).expect("below 4")];
            let hash = format!("{:016x}{:016x}", mixed(n), mixed(!n));
            // Each person does each of these, and nobody does two in a row.
            let (platform_user_id, user_id) =
                person((n / 4 * 7_919 + n % 4 * (people / 4)) % people);
            let second = u128::from(n) * u128::from(SECONDS_OF_A_WEEK) / u128::from(count);
            let at = start + i64::try_from(second).expect("seconds of a week");
            let time = Timestamp::from_unix_seconds(at).expect("a time of that week");
            NewActivityEvent {
                id: ids.id(n, source, &hash).parse().expect("an id"),
                source: source.parse().expect("a source"),
                event_type: event_type.parse().expect("a type"),
                platform_login: (n % 2 == 0).then(|| user_id.clone()),
                platform_user_id: platform_user_id.parse().expect("an id"),
                user_id: is_resolved.then(|| user_id.parse().expect("an id")),
                artifact_url: (n % 4 != 3)
                    .then(|| format!("https://forge.example/orchard/commit/{hash}")),
                metadata: (n % 4 == 1)
                    .then(|| json!({ "additions": n % 997, "deletions": n % 89 })),
                payload_hash: format!("{hash}{hash}").parse::<Sha256Hex>().expect("a hash"),
                producer: "ledger-bench".to_owned(),
                producer_version: "1".to_owned(),
                event_time: time,
                retrieved_at: week().end(),
            }
        })
        .collect()
}
