//! Signing in with a token.

use askama::Template;

use super::{Layout, Message};

/// `/sign-in`
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// The frame.
    pub layout: Layout,
    /// Why it did not work.
    pub message: Option<Message>,
    /// Where to go afterwards: a path of this server, checked by the handler.
    pub next: String,
}
