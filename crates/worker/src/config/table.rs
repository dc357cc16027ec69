//! Reads the keys of one table, and tells those that nobody asked for.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Faults;

/// A table of the file while it is read.
pub(super) struct Table<'a, 't> {
    faults: &'a Faults<'t>,
    entries: &'a DeTable<'t>,
    path: String,
    at: usize,
    asked: BTreeSet<&'static str>,
}

/// One key of a table with its value.
pub(super) struct Entry<'a, 't> {
    /// Its name; empty for an item of a list.
    pub(super) key: &'a str,
    /// Its name with those of the tables around it.
    pub(super) path: String,
    /// Where the key stands.
    pub(super) key_at: usize,
    /// Where the value stands.
    pub(super) at: usize,
    pub(super) value: &'a DeValue<'t>,
}

impl<'a, 't> Entry<'a, 't> {
    /// An item of the list that the entry holds.
    pub(super) fn item(&self, one: &'a Spanned<DeValue<'t>>) -> Self {
        let at = one.span().start;
        Self { key: "", path: self.path.clone(), key_at: at, at, value: one.get_ref() }
    }
}

impl<'a, 't> Table<'a, 't> {
    /// The table of that path, which begins at byte `at`.
    pub(super) const fn new(
        faults: &'a Faults<'t>,
        entries: &'a DeTable<'t>,
        path: String,
        at: usize,
    ) -> Self {
        Self { faults, entries, path, at, asked: BTreeSet::new() }
    }

    /// The table that an entry holds; a fault where it holds something else.
    pub(super) fn of(faults: &'a Faults<'t>, entry: Entry<'a, 't>) -> Option<Self> {
        let Some(entries) = entry.value.as_table() else {
            faults.add(entry.at, &entry.path, format!("write it as a table, [{}]", entry.path));
            return None;
        };
        Some(Self::new(faults, entries, entry.path, entry.at))
    }

    pub(super) const fn faults(&self) -> &'a Faults<'t> {
        self.faults
    }

    /// The entry of that key.
    pub(super) fn entry(&mut self, key: &'static str) -> Option<Entry<'a, 't>> {
        self.asked.insert(key);
        self.entries.get_key_value(key).map(|(name, value)| self.as_entry(name, value))
    }

    /// What the key's value reads as. A fault counts as absent, because it is told already.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'a DeValue<'t>) -> Result<T, String>,
    ) -> Option<T> {
        let entry = self.entry(key)?;
        read(entry.value).map_err(|problem| self.faults.add(entry.at, &entry.path, problem)).ok()
    }

    /// The same for a key that must be there; `would_be` says what to write.
    pub(super) fn require<T>(
        &mut self,
        key: &'static str,
        would_be: &str,
        read: impl FnOnce(&'a DeValue<'t>) -> Result<T, String>,
    ) -> Option<T> {
        if !self.entries.contains_key(key) {
            self.asked.insert(key);
            self.faults.add(self.at, &self.path_of(key), format!("it is missing; {would_be}"));
        }
        self.read(key, read)
    }

    /// The tables of an array of tables, `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Self> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let Some(array) = entry.value.as_array() else {
            let problem = format!("write each as a table of its own, [[{}]]", entry.path);
            self.faults.add(entry.at, &entry.path, problem);
            return Vec::new();
        };
        array.iter().filter_map(|one| Self::of(self.faults, entry.item(one))).collect()
    }

    /// Tells a fault of one key: at its value, or at the table where the key is not written.
    pub(super) fn tell(&self, key: &str, problem: impl Into<String>) {
        let at = self.entries.get(key).map_or(self.at, |value| value.span().start);
        self.faults.add(at, &self.path_of(key), problem);
    }

    /// Tells a key whose value another table has already, and remembers where it stood first.
    pub(super) fn tell_second<T: Ord + Clone>(
        &self,
        key: &str,
        value: &T,
        seen: &mut BTreeMap<T, usize>,
        problem: impl FnOnce(usize) -> String,
    ) {
        match seen.get(value) {
            Some(line) => self.tell(key, problem(*line)),
            None => {
                let at = self.entries.get(key).map_or(self.at, |value| value.span().start);
                seen.insert(value.clone(), self.faults.position(at).line);
            }
        }
    }

    /// Every entry that was not asked for.
    pub(super) fn rest(&self) -> impl Iterator<Item = Entry<'a, 't>> {
        let unasked = self.entries.iter().filter(|(key, _)| {
            let name: &str = key.get_ref();
            !self.asked.contains(name)
        });
        unasked.map(|(key, value)| self.as_entry(key, value))
    }

    /// Tells every key that was not asked for, with those that were.
    pub(super) fn refuse_rest(&self) {
        let known = self.asked.iter().copied().collect::<Vec<_>>().join(", ");
        for entry in self.rest() {
            let problem = format!("there is no such key; known are: {known}");
            self.faults.add(entry.key_at, &entry.path, problem);
        }
    }

    fn as_entry(
        &self,
        key: &'a Spanned<toml::de::DeString<'t>>,
        value: &'a Spanned<DeValue<'t>>,
    ) -> Entry<'a, 't> {
        Entry {
            key: key.get_ref(),
            path: self.path_of(key.get_ref()),
            key_at: key.span().start,
            at: value.span().start,
            value: value.get_ref(),
        }
    }

    fn path_of(&self, key: &str) -> String {
        let is_bare = !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let key = if is_bare { key.to_owned() } else { format!("{key:?}") };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}
