//! What went wrong, and what to do about it.

use askama::Template;

use super::Layout;

/// Any answer that is not the page.
#[derive(Debug, Clone, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The frame.
    pub layout: Layout,
    /// 404.
    pub status: u16,
    /// `There is no such epoch`
    pub title: String,
    /// What was asked and what was found.
    pub detail: String,
    /// What the reader can do, one sentence each.
    pub next: Vec<String>,
    /// What to name when asking for help.
    pub request_id: String,
}
