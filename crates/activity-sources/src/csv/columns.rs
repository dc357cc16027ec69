//! Which column is which field of an event.

use std::collections::BTreeMap;

use csv::ByteRecord;
use ledger_core::{Sha256Hex, canonical_json};
use serde_json::{Map, Value, json};

use super::rows::Rows;
use super::settings_error;
use crate::SourceError;
use crate::file::{Position, Snapshot};
use crate::records::{Fault, Format, Records};
use crate::text::shown;

/// What its events say who reported them, where the file does not.
const PRODUCER: &str = "epoch-ledger/csv";

/// The fields without which there is no event.
const REQUIRED: &[&str] = &["id", "source", "event_type", "platform_user_id", "event_time"];

/// The other ones.
const OPTIONAL: &[&str] = &["platform_login", "artifact_url", "producer", "producer_version"];

/// What comes before the name of a field of metadata.
const METADATA: &str = "metadata.";

/// How many characters of a column's name an error shows.
const SHOWN_CHARS: usize = 60;

/// How many columns an error names.
const SHOWN_COLUMNS: usize = 40;

/// What the operator said about the columns.
#[derive(Debug)]
pub(super) struct Columns {
    map: BTreeMap<String, String>,
    set: BTreeMap<String, String>,
}

/// Where each field stands on a row of one file, and what is the same on every row.
pub(super) struct Layout {
    fields: Vec<(String, usize)>,
    set: Vec<(String, String)>,
    width: usize,
}

impl Columns {
    /// # Errors
    /// When a field is none of an event's, or is said twice.
    pub(super) fn new(
        map: BTreeMap<String, String>,
        set: BTreeMap<String, String>,
    ) -> Result<Self, String> {
        for field in map.keys().chain(set.keys()) {
            if !is_field(field) {
                return Err(format!(
                    "{field:?} is no field of an event; the fields are: {}, {}, and metadata.NAME",
                    REQUIRED.join(", "),
                    OPTIONAL.join(", ")
                ));
            }
        }
        match set.keys().find(|field| map.contains_key(*field)) {
            Some(field) => Err(format!("{field} is mapped to a column and also set; say one")),
            None => Ok(Self { map, set }),
        }
    }

    /// # Errors
    /// When the header has not what is asked for.
    pub(super) fn layout(&self, header: &ByteRecord) -> Result<Layout, String> {
        let header: Vec<&str> = header
            .iter()
            .map(|name| std::str::from_utf8(name).map(str::trim))
            .collect::<Result<_, _>>()
            .map_err(|_| "the header is not UTF-8; save the file as UTF-8".to_owned())?;
        let known = || {
            let shown = |name: &&str| format!("{:?}", shown(name, SHOWN_CHARS));
            let names: Vec<_> = header.iter().take(SHOWN_COLUMNS).map(shown).collect();
            format!("the columns are: {}", names.join(", "))
        };
        let mut fields = Vec::new();
        for (field, column) in &self.map {
            let mut places = (0..header.len()).filter(|at| header[*at] == column.trim());
            match (places.next(), places.next()) {
                (Some(at), None) => fields.push((field.clone(), at)),
                (Some(_), Some(_)) => return Err(format!("there are two columns {column:?}")),
                (None, _) => return Err(format!("there is no column {column:?}; {}", known())),
            }
        }
        for (at, name) in header.iter().enumerate() {
            let is_said = self.set.contains_key(*name) || fields.iter().any(|one| one.0 == *name);
            if is_field(name) && !is_said {
                fields.push(((*name).to_owned(), at));
            }
        }
        let has = |name: &str| self.set.contains_key(name) || fields.iter().any(|f| f.0 == name);
        if let Some(field) = REQUIRED.iter().find(|name| !has(name)) {
            return Err(format!(
                "nothing says what {field} is: map it to a column (`--map {field}=COLUMN`) or set \
                 it for every row (`--set {field}=VALUE`); {}",
                known()
            ));
        }
        let set = self.set.iter().map(|(field, value)| (field.clone(), value.clone())).collect();
        Ok(Layout { fields, set, width: header.len() })
    }
}

impl Layout {
    /// The row as an event's JSON. An empty cell says nothing. Metadata is text.
    pub(super) fn value_of(&self, row: &ByteRecord, line: u64) -> Result<Value, Fault> {
        if row.len() != self.width {
            let problem = format!("has {} cells and the header {}", row.len(), self.width);
            return Err(Fault { line, field: None, problem });
        }
        let mut event = Map::new();
        for (field, at) in &self.fields {
            let cell = std::str::from_utf8(&row[*at]).map_err(|_| Fault {
                line,
                field: Some(field.clone()),
                problem: "is not UTF-8".to_owned(),
            })?;
            put(&mut event, field, cell.trim());
        }
        for (field, value) in &self.set {
            put(&mut event, field, value);
        }
        Ok(Value::Object(event))
    }
}

fn put(event: &mut Map<String, Value>, field: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    match field.strip_prefix(METADATA) {
        Some(name) => event.entry("metadata").or_insert_with(|| json!({}))[name] = json!(text),
        None => {
            event.insert(field.to_owned(), json!(text));
        }
    }
}

fn is_field(name: &str) -> bool {
    REQUIRED.contains(&name)
        || OPTIONAL.contains(&name)
        || name.strip_prefix(METADATA).is_some_and(|name| !name.is_empty())
}

impl Format for Columns {
    fn open<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        at: Position,
        place: &str,
    ) -> Result<Box<dyn Records + 'a>, SourceError> {
        let unreadable = |error| SourceError::unreadable(place, &error);
        let (mut rows, header) = Rows::open(snapshot).map_err(unreadable)?;
        let layout = self
            .layout(&header)
            .map_err(|problem| settings_error(format!("in {place} {problem}")))?;
        if at.offset > rows.at().offset {
            rows = Rows::open_at(snapshot, at).map_err(unreadable)?;
        }
        Ok(Box::new(rows.with(layout)))
    }

    fn producer(&self) -> &'static str {
        PRODUCER
    }

    fn terms(&self) -> Option<Sha256Hex> {
        Some(Sha256Hex::of(&canonical_json(&json!({"map": self.map, "set": self.set}))))
    }
}
