//! Lists: a page of items, and where the next one begins.

use ledger_port::{Page, PageRequest};
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor::{CursorSeal, Keyset};
use crate::problem::{Answer, Problem};

/// The most items of one page.
pub(crate) const MAX_LIMIT: u16 = 1_000;

/// The items of a page where nobody says how many.
const USUAL_LIMIT: u16 = 100;

/// Some items of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listing<T: ToSchema> {
    /// The items, in the list's order.
    pub(crate) data: Vec<T>,
    /// What to pass as `after` for the next page; null on the last one.
    pub(crate) next: Option<String>,
}

/// Which page of which list.
pub(crate) struct Paging<'a> {
    seal: &'a CursorSeal,
    /// Names the list and its filters, for the cursor.
    list: String,
    after: Option<&'a str>,
    limit: u16,
}

impl<'a> Paging<'a> {
    /// Takes what the query says.
    pub(crate) fn new(
        seal: &'a CursorSeal,
        list: impl Into<String>,
        after: Option<&'a str>,
        limit: Option<u16>,
    ) -> Answer<Self> {
        let limit = limit.unwrap_or(USUAL_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            let detail = format!("limit: it must be from 1 to {MAX_LIMIT}");
            return Err(Problem::malformed(detail));
        }
        Ok(Self { seal, list: list.into(), after, limit })
    }

    /// Fewer on a page than asked for, where an item costs much.
    pub(crate) fn of_at_most(self, limit: u16) -> Self {
        Self { limit: self.limit.min(limit), ..self }
    }

    /// What to ask the store for.
    pub(crate) fn request<K: Keyset>(&self) -> Answer<PageRequest<K>> {
        let after = self.after.map(|cursor| self.seal.open(&self.list, cursor)).transpose()?;
        Ok(PageRequest { after, ..PageRequest::first() }.of_at_most(self.limit))
    }

    /// The cursor for the page after this one.
    pub(crate) fn next<K: Keyset>(&self, key: Option<&K>) -> Answer<Option<String>> {
        key.map(|key| self.seal.seal(&self.list, key)).transpose()
    }

    /// The page as it is answered.
    pub(crate) fn listing<T, K: Keyset, R: ToSchema>(
        &self,
        page: &Page<T, K>,
        record: impl FnMut(&T) -> R,
    ) -> Answer<Listing<R>> {
        Ok(Listing {
            data: page.items.iter().map(record).collect(),
            next: self.next(page.next.as_ref())?,
        })
    }
}
