//! What holds for every page.

use std::fs;
use std::path::{Path, PathBuf};

use askama::Template;

use super::figures::{Count, Credits};
use super::{ContributorPage, Layout, Message, Pagination, Person, SignInPage};

const HOSTILE: &str = "<script>alert(\"1\")</script> & 'x'";

fn templates() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut found = Vec::new();
    for folder in [root.clone(), root.join("charts")] {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let text = fs::read_to_string(&path).expect("text");
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 15, "the templates were not found");
    found
}

#[test]
fn a_name_stays_text() {
    let page = ContributorPage {
        layout: Layout { title: HOSTILE.into(), ledger: Some(HOSTILE.into()), ..Layout::default() },
        person: Person { name: HOSTILE.into(), user: Some(HOSTILE.into()) },
        paid: Credits(0),
        epochs_paid: Count(0),
        expected: None,
        history: None,
        epochs: vec![],
        pagination: Pagination::default(),
    };
    let html = page.render().expect("rendered");
    assert!(!html.contains("<script>"), "{html}");
    assert!(html.contains("&#60;script&#62;alert(&#34;1&#34;)"), "{html}");
    assert!(
        html.contains("/l/%3Cscript%3Ealert%28%221%22%29%3C%2Fscript%3E%20%26%20%27x%27/epochs")
    );
}

#[test]
fn an_attribute_stays_an_attribute() {
    let page = SignInPage {
        layout: Layout::default(),
        message: Some(Message::error(HOSTILE, None)),
        next: "\" onfocus=\"alert(1)".into(),
    };
    let html = page.render().expect("rendered");
    assert!(html.contains("value=\"&#34; onfocus=&#34;alert(1)\""), "{html}");
}

/// The content security policy refuses these, and `|safe` would let text become HTML.
#[test]
fn templates_hold_nothing_inline_and_trust_nothing() {
    for (path, text) in templates() {
        for word in ["|safe", "| safe", "style=", "<style", "onclick", "onload", "javascript:"] {
            assert!(!text.contains(word), "{} holds {word}", path.display());
        }
        assert!(!text.contains("<script>"), "{} holds a script", path.display());
    }
}

/// Every form that changes something proves that it was sent from here.
#[test]
fn every_post_form_holds_the_token() {
    for (path, text) in templates() {
        let forms = text.matches("method=\"post\"").count();
        let tokens = text.matches("name=\"csrf\"").count();
        assert_eq!(forms, tokens, "{}", path.display());
    }
}
