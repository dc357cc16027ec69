//! What every page has around its content.

use super::address;

/// Which item of the main navigation the page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nav {
    /// None of them.
    #[default]
    Elsewhere,
    /// The current epoch.
    Current,
    /// All epochs.
    Epochs,
    /// Holdings.
    Holdings,
}

impl Nav {
    /// The item's word in the template.
    const fn word(self) -> &'static str {
        match self {
            Self::Elsewhere => "",
            Self::Current => "current",
            Self::Epochs => "epochs",
            Self::Holdings => "holdings",
        }
    }
}

/// What the signed-in token allows, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SignedIn {
    /// It was not asked: the page tells of a fault, which asking might meet again.
    Unasked,
    /// Nobody is signed in.
    #[default]
    No,
    /// May read what is not public.
    Read,
    /// May hand in events.
    Collect,
    /// May prepare an epoch.
    Review,
    /// May do everything.
    Admin,
}

impl SignedIn {
    /// The scope's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unasked => "unasked",
            Self::No => "none",
            Self::Read => "read",
            Self::Collect => "collect",
            Self::Review => "review",
            Self::Admin => "admin",
        }
    }

    /// Whether the review desk is shown to them.
    pub fn may_review(self) -> bool {
        self >= Self::Review
    }
}

/// The frame of every page.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The page's own title; the ledger's and the program's name are added.
    pub title: String,
    /// The ledger's name, where the page is about one.
    pub ledger: Option<String>,
    /// The active item of the navigation.
    pub nav: Nav,
    /// What the visitor may do.
    pub signed_in: SignedIn,
    /// The token that every form sends back.
    pub csrf: String,
    /// Where stylesheet and script are: `/assets`.
    pub assets: String,
    /// Changes when the assets do, so that they can be cached for ever.
    pub asset_version: String,
    /// Where to come back to after signing in: this page's path and query.
    pub path: String,
}

impl Layout {
    /// Whether that item of the navigation is the active one.
    pub fn is_at(&self, item: &str) -> bool {
        self.nav.word() == item
    }

    /// Whether anybody is signed in.
    pub fn is_signed_in(&self) -> bool {
        self.signed_in > SignedIn::No
    }

    /// Whether the page leads to where one signs in.
    pub fn offers_sign_in(&self) -> bool {
        self.signed_in == SignedIn::No
    }

    /// The ledger's front page.
    pub fn ledger_href(&self) -> String {
        self.ledger.as_deref().map_or_else(|| "/".to_owned(), address::ledger)
    }

    /// All epochs of the ledger.
    pub fn epochs_href(&self) -> String {
        self.ledger.as_deref().map_or_else(|| "/".to_owned(), address::epochs)
    }

    /// The ledger's holdings.
    pub fn holdings_href(&self) -> String {
        self.ledger.as_deref().map_or_else(|| "/".to_owned(), address::holdings)
    }

    /// The sign-in page, which leads back here.
    pub fn sign_in_href(&self) -> String {
        format!("/sign-in{}", address::query(&[("next", &self.path)]))
    }

    /// A contributor's page.
    pub fn contributor_href(&self, user: &str) -> String {
        address::contributor(self.ledger.as_deref().unwrap_or_default(), user)
    }

    /// One epoch's page.
    pub fn epoch_href(&self, id: &i64) -> String {
        address::epoch(self.ledger.as_deref().unwrap_or_default(), *id)
    }
}

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// Something was refused or failed.
    Error,
    /// Something was done.
    Done,
    /// Something to know.
    Note,
}

/// A message on top of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How it is meant.
    pub kind: MessageKind,
    /// One sentence.
    pub title: String,
    /// More, where there is more.
    pub detail: Option<String>,
}

impl Message {
    /// An error, announced at once.
    pub fn error(title: impl Into<String>, detail: Option<String>) -> Self {
        Self { kind: MessageKind::Error, title: title.into(), detail }
    }

    /// A success.
    pub fn done(title: impl Into<String>) -> Self {
        Self { kind: MessageKind::Done, title: title.into(), detail: None }
    }

    /// `alert` or `status`.
    pub const fn role(&self) -> &'static str {
        match self.kind {
            MessageKind::Error => "alert",
            MessageKind::Done | MessageKind::Note => "status",
        }
    }

    /// The word before the sentence, so that colour is not all there is.
    pub const fn word(&self) -> &'static str {
        match self.kind {
            MessageKind::Error => "Not done",
            MessageKind::Done => "Done",
            MessageKind::Note => "Note",
        }
    }

    /// The stylesheet's class.
    pub const fn class(&self) -> &'static str {
        match self.kind {
            MessageKind::Error => "message message-error",
            MessageKind::Done => "message message-done",
            MessageKind::Note => "message",
        }
    }
}
