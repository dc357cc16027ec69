//! Keyset pages. A page is asked for by the key of the last item already seen, so the last page
//! costs what the first one does.

use std::num::NonZeroU16;

use crate::PortResult;

/// The most items one page holds.
pub const MAX_PAGE_SIZE: u16 = 5_000;

/// How many items a page holds at most: 1 to [`MAX_PAGE_SIZE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(NonZeroU16);

impl PageLimit {
    /// Takes the number, cut down to [`MAX_PAGE_SIZE`]; 0 becomes 1.
    pub fn new(items: u16) -> Self {
        Self(NonZeroU16::new(items.min(MAX_PAGE_SIZE)).unwrap_or(NonZeroU16::MIN))
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self::new(1_000)
    }
}

/// Asks for the page after a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// The key of the last item already seen; `None` for the first page.
    pub after: Option<K>,
    /// How many items at most.
    pub limit: PageLimit,
}

impl<K> PageRequest<K> {
    /// The first page, of the usual size.
    pub fn first() -> Self {
        Self { after: None, limit: PageLimit::default() }
    }

    /// The page after that key, of the usual size.
    pub fn after(key: K) -> Self {
        Self { after: Some(key), limit: PageLimit::default() }
    }

    /// The same, of another size.
    #[must_use]
    pub fn of_at_most(mut self, items: u16) -> Self {
        self.limit = PageLimit::new(items);
        self
    }
}

impl<K> Default for PageRequest<K> {
    fn default() -> Self {
        Self::first()
    }
}

/// Some items of a list, and the key to ask for more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to pass as [`PageRequest::after`] for the next page; `None` when this is the last.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Makes a page out of `limit + 1` fetched items: the extra one only tells that there is more.
    pub fn from_fetched(mut fetched: Vec<T>, limit: PageLimit, key: impl FnOnce(&T) -> K) -> Self {
        let limit = usize::from(limit.get());
        let has_more = fetched.len() > limit;
        fetched.truncate(limit);
        let next = if has_more { fetched.last().map(key) } else { None };
        Self { items: fetched, next }
    }
}

/// Reads a list to its end, page by page. For lists whose length people can look at; events have
/// [`crate::ActivityStore::stream_activity_for_epoch`].
///
/// # Errors
/// The first refusal.
pub async fn all_pages<T, K, F>(fetch: impl Fn(PageRequest<K>) -> F) -> PortResult<Vec<T>>
where
    F: Future<Output = PortResult<Page<T, K>>>,
{
    let mut items = Vec::new();
    let mut request = PageRequest::first();
    loop {
        let page = fetch(request).await?;
        items.extend(page.items);
        let Some(key) = page.next else { return Ok(items) };
        request = PageRequest::after(key);
    }
}
