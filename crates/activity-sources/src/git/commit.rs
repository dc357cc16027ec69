//! One commit object, taken apart as git itself does: leniently. Real histories hold commits that a
//! strict parser refuses, and one of those must not cost the others.

use std::borrow::Cow;

use encoding_rs::Encoding;
use gix::ObjectId;
use ledger_core::Timestamp;

/// How much of an odd value a message shows.
const SHOWN_CHARS: usize = 40;

/// The parts of a commit object, as bytes.
#[derive(Debug, Default)]
pub(super) struct RawCommit<'a> {
    pub(super) tree: Option<ObjectId>,
    pub(super) parents: Vec<ObjectId>,
    author: &'a [u8],
    committer: &'a [u8],
    encoding: &'a [u8],
    pub(super) message: &'a [u8],
}

/// What an `author` or `committer` line holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ident<'a> {
    pub(super) name: &'a [u8],
    pub(super) email: &'a [u8],
}

impl<'a> RawCommit<'a> {
    /// Splits the object at its header lines. Fails only where the history behind it would be lost:
    /// on a tree or parent that is no object id.
    pub(super) fn parse(data: &'a [u8]) -> Result<Self, String> {
        let (header, message) = split_at_blank_line(data);
        let mut commit = Self { message, ..Self::default() };
        for line in header.split(|&byte| byte == b'\n') {
            let Some(space) = line.iter().position(|&byte| byte == b' ') else { continue };
            let value = &line[space + 1..];
            match &line[..space] {
                b"tree" if commit.tree.is_none() => commit.tree = Some(object_id(value)?),
                b"parent" => commit.parents.push(object_id(value)?),
                b"author" if commit.author.is_empty() => commit.author = value,
                b"committer" if commit.committer.is_empty() => commit.committer = value,
                b"encoding" if commit.encoding.is_empty() => commit.encoding = value,
                _ => {}
            }
        }
        if commit.tree.is_none() {
            return Err("names no tree".to_owned());
        }
        Ok(commit)
    }

    /// Who wrote it.
    pub(super) fn author(&self) -> Ident<'a> {
        Ident::parse(self.author)
    }

    /// When it was written, where that can be told.
    pub(super) fn author_time(&self) -> Result<Timestamp, String> {
        date(self.author)
    }

    /// When it was committed, or what is wrong with the date.
    pub(super) fn commit_time(&self) -> Result<Timestamp, String> {
        date(self.committer)
    }

    /// Text of this commit in Unicode, by its `encoding` header; without one, or with one that
    /// nobody knows, it is UTF-8. What cannot be decoded becomes U+FFFD.
    pub(super) fn decode<'t>(&self, text: &'t [u8]) -> Cow<'t, str> {
        match Encoding::for_label_no_replacement(self.encoding) {
            Some(encoding) => encoding.decode_without_bom_handling(text).0,
            None => String::from_utf8_lossy(text),
        }
    }
}

impl<'a> Ident<'a> {
    /// `Name <email>`, with whatever comes after. The email ends at the first `>`.
    pub(super) fn parse(line: &'a [u8]) -> Self {
        let Some(open) = line.iter().position(|&byte| byte == b'<') else {
            return Self::default();
        };
        let rest = &line[open + 1..];
        let close = rest.iter().position(|&byte| byte == b'>').unwrap_or(rest.len());
        Self { name: line[..open].trim_ascii(), email: rest[..close].trim_ascii() }
    }
}

/// The date at the end of an ident line: the number after the last `>`.
fn date(line: &[u8]) -> Result<Timestamp, String> {
    if line.is_empty() {
        return Err("is missing".to_owned());
    }
    let after = line.iter().rposition(|&byte| byte == b'>').map_or(line, |at| &line[at + 1..]);
    let number = after.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let text = String::from_utf8_lossy(number);
    let shown = crate::text::shown(&text, SHOWN_CHARS);
    let seconds: i64 = text.parse().map_err(|_| format!("{shown:?} cannot be read"))?;
    Timestamp::from_unix_seconds(seconds)
        .map_err(|_| format!("{shown:?} is outside the years 1 to 9999"))
}

fn object_id(hex: &[u8]) -> Result<ObjectId, String> {
    ObjectId::from_hex(hex.trim_ascii())
        .map_err(|_| "names a tree or parent that is no object id".to_owned())
}

/// Header and message. Header lines are never empty, so the first empty line ends them.
fn split_at_blank_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (data, &[]),
    }
}

#[cfg(test)]
mod tests {
    use ledger_core::Timestamp;

    use super::{Ident, RawCommit};

    const TREE: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";

    #[test]
    fn odd_ident_lines_never_lose_the_commit() {
        let cases: [(&str, &str, &str); 5] = [
            ("A <a@b> 1 +0000", "A", "a@b"),
            ("<a@b> 1", "", "a@b"),
            ("A < a@b > 1", "A", "a@b"),
            ("A <a@b", "A", "a@b"),
            ("A a@b 1 +0000", "", ""),
        ];
        for (line, name, email) in cases {
            let expected = Ident { name: name.as_bytes(), email: email.as_bytes() };
            assert_eq!(Ident::parse(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn every_fault_of_a_date_is_named() {
        for (committer, fault) in [
            ("committer C <c> 99999999999999 +0000\n", "\"99999999999999\" is outside the years"),
            ("committer C <c> 99999999999999999999 +0000\n", "cannot be read"),
            ("committer C <c> -99999999999 +0000\n", "outside the years"),
            ("committer C <c> yesterday\n", "\"yesterday\" cannot be read"),
            ("committer C <c>\n", "\"\" cannot be read"),
            ("", "is missing"),
        ] {
            let data = format!("{TREE}author A <a> 1 +0000\n{committer}\nm");
            let commit = RawCommit::parse(data.as_bytes()).expect("a commit");
            let found = commit.commit_time().expect_err("faulty");
            assert!(found.contains(fault), "{committer}: {found}");
        }
    }

    #[test]
    fn a_date_without_a_zone_or_before_1970_counts() {
        for (date, seconds) in [("1700000000", 1_700_000_000), ("-5 +0000", -5)] {
            let data = format!("{TREE}committer C <c> {date}\n\nm");
            let commit = RawCommit::parse(data.as_bytes()).expect("a commit");
            assert_eq!(commit.commit_time().map(Timestamp::unix_seconds), Ok(seconds));
        }
    }

    #[test]
    fn what_would_lose_the_history_behind_it_is_refused() {
        assert!(RawCommit::parse(b"author A <a> 1 +0000\n\nm").is_err());
        assert!(RawCommit::parse(format!("{TREE}parent xyz\n\nm").as_bytes()).is_err());
    }

    #[test]
    fn the_encoding_header_decides() {
        let data = [TREE.as_bytes(), b"encoding ISO-8859-1\n\n\xe4"].concat();
        let commit = RawCommit::parse(&data).expect("a commit");
        assert_eq!(commit.decode(commit.message), "ä");
        let unlabelled = RawCommit::default();
        assert_eq!(unlabelled.decode(b"\xe4"), "\u{fffd}");
    }
}
