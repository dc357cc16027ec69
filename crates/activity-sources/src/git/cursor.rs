//! How far a branch has been read, as JSON that another run understands.
//!
//! A cursor is a list of claims. Each says: of the commits reachable from this tip, and not before
//! `since`, these are done: all of them, those before a moment, or those up to a certain commit in
//! the order of (committer time, id). What is done is what any claim says, so an interrupted run
//! needs nothing special: its last page left the claim "up to that commit".

use gix::ObjectId;
use ledger_core::{CursorKey, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SourceError;
use crate::cursor::{Terms, parse_cursor};

/// The version this program writes. Raise it when an older program would misread the value.
const VERSION: u32 = 1;

/// The most claims a cursor keeps. Dropping one never loses a commit: it is read again, and its id
/// makes the ledger skip it.
const MAX_CLAIMS: usize = 8;

/// The most commits of a shallow boundary that a claim can hold. With more, none is kept.
pub(super) const MAX_SHALLOW: usize = 64;

/// A commit's place in the reading order: committer time, then id.
pub(super) type Position = (i64, ObjectId);

/// What a stored cursor says. (`deny_unknown_fields` does not go with `flatten`; the version guards.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GitCursor {
    version: u32,
    /// What the run was told to leave out.
    #[serde(flatten)]
    pub(super) terms: Terms,
    /// What is done, oldest claim first.
    pub(super) done: Vec<Claim>,
}

/// Some commits reachable from one tip are done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// From where.
    #[serde(with = "hex")]
    pub(super) tip: ObjectId,
    /// Which of them.
    pub(super) extent: Extent,
    /// Where the history ended when this was read, in a shallow clone. The claim says nothing about
    /// what is behind these commits.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "hex_list")]
    pub(super) shallow: Vec<ObjectId>,
}

/// Which of the commits behind a tip are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Extent {
    /// All of them.
    All,
    /// Those whose committer time is before this, in seconds since 1970.
    Before(i64),
    /// Those up to and with this one, in the reading order.
    Through {
        /// Its committer time.
        time: i64,
        /// Its id.
        #[serde(with = "hex")]
        commit: ObjectId,
    },
}

/// The first whole second at or after a moment. Commits have whole seconds.
pub(super) fn first_second(moment: Timestamp) -> i64 {
    let begun = moment.as_datetime().timestamp_subsec_micros() > 0;
    moment.unix_seconds() + i64::from(begun)
}

impl Claim {
    /// The commits that it names.
    pub(super) fn commits(&self) -> impl Iterator<Item = ObjectId> {
        let last = match self.extent {
            Extent::Through { commit, .. } => Some(commit),
            Extent::All | Extent::Before(_) => None,
        };
        [self.tip].into_iter().chain(last)
    }
}

impl Extent {
    /// Whether it covers the commit at that position.
    pub(super) fn holds(self, position: Position) -> bool {
        match self {
            Self::All => true,
            Self::Before(end) => position.0 < end,
            Self::Through { time, commit } => position <= (time, commit),
        }
    }

    /// Whether it covers nothing that `other` does not.
    pub(super) fn is_within(self, other: Self) -> bool {
        match (self, other) {
            (_, Self::All) => true,
            (Self::All, _) => false,
            (Self::Before(end), Self::Before(other)) => end <= other,
            (Self::Before(end), Self::Through { time, .. }) => end <= time,
            (Self::Through { time, .. }, Self::Before(other)) => time < other,
            (Self::Through { time, commit }, Self::Through { .. }) => other.holds((time, commit)),
        }
    }
}

impl GitCursor {
    /// A cursor with the newest of these claims.
    pub(super) fn new(terms: Terms, mut done: Vec<Claim>) -> Self {
        let surplus = done.len().saturating_sub(MAX_CLAIMS);
        done.drain(..surplus);
        Self { version: VERSION, terms, done }
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// When it is damaged, or a newer program wrote it.
    pub(super) fn parse(key: &CursorKey, value: &str) -> Result<Self, SourceError> {
        let Self { terms, done, .. } = parse_cursor(key, value, VERSION, "stream")?;
        Ok(Self::new(terms, done))
    }

    /// The value to store.
    pub(super) fn to_value(&self) -> String {
        serde_json::to_string(self).expect("numbers, times and ids always serialize")
    }
}

mod hex {
    use gix::ObjectId;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(id: &ObjectId, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ObjectId, D::Error> {
        let text = String::deserialize(from)?;
        ObjectId::from_hex(text.as_bytes())
            .map_err(|_| D::Error::custom(format!("{text:?} is no commit id")))
    }
}

mod hex_list {
    use gix::ObjectId;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    struct Hex(#[serde(with = "super::hex")] ObjectId);

    pub(super) fn serialize<S: Serializer>(ids: &[ObjectId], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(ids.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<ObjectId>, D::Error> {
        Ok(Vec::<Hex>::deserialize(from)?.into_iter().map(|hex| hex.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use gix::ObjectId;
    use ledger_core::{CursorKey, SourceCursor, Timestamp};

    use super::{Claim, Extent, GitCursor, MAX_CLAIMS, MAX_SHALLOW, Terms};

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_hex(format!("{byte:02x}").repeat(20).as_bytes()).expect("an id")
    }

    fn key() -> CursorKey {
        CursorKey::new("git".parse().expect("a slug"), "refs/heads/main", "r").expect("a key")
    }

    fn cursor(claims: Vec<Claim>) -> GitCursor {
        let since = Timestamp::from_unix_seconds(5).expect("a time");
        GitCursor::new(Terms { since, bots: None }, claims)
    }

    #[test]
    fn what_is_written_is_read_again_and_fits() {
        let extents = [Extent::All, Extent::Before(-7), Extent::Through { time: 9, commit: id(3) }];
        let claims: Vec<_> = (0..20_u8)
            .map(|at| Claim {
                tip: id(at),
                extent: extents[usize::from(at) % 3],
                shallow: vec![id(9); MAX_SHALLOW],
            })
            .collect();
        let written = cursor(claims);
        assert_eq!(written.done.len(), MAX_CLAIMS);
        assert_eq!(written.done[MAX_CLAIMS - 1].tip, id(19), "the newest stay");
        let value = written.to_value();
        assert_eq!(SourceCursor::check_value(&value), Ok(()));
        assert_eq!(GitCursor::parse(&key(), &value), Ok(written));
    }

    #[test]
    fn the_written_form_does_not_change_by_accident() {
        let through = Extent::Through { time: 9, commit: id(3) };
        let claim = |extent| Claim { tip: id(1), extent, shallow: Vec::new() };
        let value = cursor(vec![claim(Extent::All), claim(Extent::Before(8)), claim(through)]);
        let (one, three) = (id(1), id(3));
        assert_eq!(
            value.to_value(),
            format!(
                r#"{{"version":1,"since":"1970-01-01T00:00:05Z","done":[{{"tip":"{one}","extent":"all"}},{{"tip":"{one}","extent":{{"before":8}}}},{{"tip":"{one}","extent":{{"through":{{"time":9,"commit":"{three}"}}}}}}]}}"#
            )
        );
    }

    #[test]
    fn a_value_from_elsewhere_is_refused_with_what_to_do() {
        for (value, problem) in [
            ("", "it is damaged"),
            ("42", "it is damaged"),
            (r#"{"version":1}"#, "it is damaged"),
            (
                r#"{"version":1,"since":"1970-01-01T00:00:05Z","done":[{"tip":"x","extent":"all"}]}"#,
                "\"x\" is no commit id",
            ),
            (r#"{"version":2,"other":1}"#, "version 2 wrote it and this program knows 1. Update"),
        ] {
            let error = GitCursor::parse(&key(), value).expect_err("refused").to_string();
            assert!(error.starts_with("the cursor of git refs/heads/main in r cannot be used: "));
            assert!(error.contains(problem), "{value}: {error}");
        }
    }

    #[test]
    fn an_extent_is_within_another_exactly_when_it_covers_no_more() {
        let extents = [
            Extent::All,
            Extent::Before(1),
            Extent::Before(2),
            Extent::Through { time: 1, commit: id(1) },
            Extent::Through { time: 1, commit: id(2) },
            Extent::Through { time: 2, commit: id(1) },
        ];
        // Times far apart and ids at both ends stand for every position there is.
        let positions: Vec<_> =
            (-1..5).flat_map(|time| [id(0), id(1), id(2), id(255)].map(|id| (time, id))).collect();
        for one in extents {
            for other in extents {
                let covered = positions.iter().all(|at| !one.holds(*at) || other.holds(*at));
                assert_eq!(one.is_within(other), covered, "{one:?} within {other:?}");
            }
        }
    }
}
