//! Lists are pages. Cases that are not about paging read whole lists; those that are read the list in
//! pages of every size at which something could go wrong.

use std::fmt::Debug;

use ledger_port::{MAX_PAGE_SIZE, Page, PageLimit, PageRequest, PortResult};

/// The whole list.
pub(crate) async fn all<T, K, F>(fetch: impl Fn(PageRequest<K>) -> F) -> Vec<T>
where
    F: Future<Output = PortResult<Page<T, K>>>,
{
    pages(&fetch, MAX_PAGE_SIZE).await.into_iter().flatten().collect()
}

/// Reads the list in pages of 1, of 2, of its length and of one more or less, and of the largest
/// size. Every page but the last must be full, the last must not be empty (so a list whose length is
/// a multiple of the size ends without an empty page), and all of them together must be `expected`.
pub(crate) async fn assert_paged<T, K, F>(fetch: impl Fn(PageRequest<K>) -> F, expected: &[T])
where
    T: Debug + Clone + PartialEq,
    F: Future<Output = PortResult<Page<T, K>>>,
{
    let length = u16::try_from(expected.len()).expect("a case has few items");
    for limit in [1, 2, length.saturating_sub(1).max(1), length.max(1), length + 1, u16::MAX] {
        let pages = pages(&fetch, limit).await;
        let size = usize::from(PageLimit::new(limit).get());
        let (last, full) = pages.split_last().expect("there is always a first page");
        assert!(full.iter().all(|page| page.len() == size), "a page of {limit} is not full");
        assert!(last.len() <= size, "the last page of {limit} is too large");
        assert!(!last.is_empty() || expected.is_empty(), "the last page of {limit} is empty");
        assert_eq!(pages.concat(), expected, "in pages of {limit}");
    }
}

/// More pages than any list of a case has.
const TOO_MANY_PAGES: usize = 1_000;

async fn pages<T, K, F>(fetch: &impl Fn(PageRequest<K>) -> F, limit: u16) -> Vec<Vec<T>>
where
    F: Future<Output = PortResult<Page<T, K>>>,
{
    let mut pages = Vec::new();
    let mut request = PageRequest::first().of_at_most(limit);
    loop {
        let Page { items, next } = fetch(request).await.unwrap();
        pages.push(items);
        assert!(pages.len() < TOO_MANY_PAGES, "the list never ends");
        let Some(key) = next else { return pages };
        request = PageRequest::after(key).of_at_most(limit);
    }
}
