//! The API, described for people.

use askama::Template;

use super::Layout;

/// A value that a request may carry: in its path, its query, its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// `limit`
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// `integer`, `string`, `boolean`.
    pub kind: String,
    /// Whether it must be there.
    pub is_required: bool,
    /// What it means.
    pub description: String,
}

/// A link to what a body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyKind {
    /// `application/json`
    pub media_type: String,
    /// `a list of NewActivityEvent`
    pub shown: String,
    /// The schema's name, where it has a section of its own.
    pub schema: Option<String>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// `200`
    pub status: String,
    /// When it comes.
    pub description: String,
    /// What it holds.
    pub bodies: Vec<BodyKind>,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The fragment that leads to it.
    pub id: String,
    /// `GET`
    pub method: String,
    /// `/api/v1/ledgers`
    pub path: String,
    /// What it does.
    pub description: String,
    /// Which token it needs.
    pub access: String,
    /// What the request may carry.
    pub parameters: Vec<Parameter>,
    /// What its body may be.
    pub bodies: Vec<BodyKind>,
    /// What it answers when all is well.
    pub replies: Vec<Reply>,
    /// The statuses of its problems.
    pub problems: Vec<String>,
}

/// Routes that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationGroup {
    /// `epochs`
    pub name: String,
    /// What they are about.
    pub description: String,
    /// The routes.
    pub operations: Vec<Operation>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// `string`, `list of Payout`.
    pub kind: String,
    /// The schema's name, where it has a section of its own.
    pub schema: Option<String>,
    /// Whether it is always there.
    pub is_required: bool,
    /// What it means.
    pub description: String,
}

/// A record that bodies hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `Epoch`
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// One code of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// `epoch_closed`
    pub name: String,
    /// `409`
    pub status: u16,
    /// What it says.
    pub title: String,
}

/// `/docs`
#[derive(Debug, Clone, Template)]
#[template(path = "docs.html")]
pub struct DocsPage {
    /// The frame.
    pub layout: Layout,
    /// The routes.
    pub groups: Vec<OperationGroup>,
    /// What their bodies hold, by name.
    pub records: Vec<Record>,
    /// What a problem's code may be.
    pub codes: Vec<CodeRow>,
}
