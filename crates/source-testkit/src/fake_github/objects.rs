//! Things as GitHub's REST API shows them: every field that it always has is there, also those that
//! nobody here reads.

use serde_json::{Value, json};

/// An account.
pub fn user(id: u64, login: &str) -> Value {
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    json!({
        "login": login, "id": id, "node_id": format!("U_{id}"), "type": kind, "site_admin": false,
        "html_url": format!("https://github.com/{login}"),
    })
}

/// An issue: open, or closed at that time.
pub fn issue(number: u64, by: &Value, closed_at: Option<&str>, updated_at: &str) -> Value {
    json!({
        "id": 7_000_000 + number, "node_id": format!("I_{number}"), "number": number, "user": by,
        "title": format!("Issue {number}"), "html_url": format!("https://github.com/acme/orchard/issues/{number}"),
        "state": if closed_at.is_some() { "closed" } else { "open" },
        "state_reason": closed_at.map(|_| "completed"), "locked": false, "labels": [], "comments": 0,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": updated_at, "closed_at": closed_at,
        "author_association": "MEMBER", "body": null,
    })
}

/// A pull request, as the list of issues shows it: open, or merged at that time.
pub fn pull_request(number: u64, by: &Value, merged_at: Option<&str>, updated_at: &str) -> Value {
    let mut one = issue(number, by, merged_at, updated_at);
    let url = format!("https://github.com/acme/orchard/pull/{number}");
    one["html_url"] = json!(url);
    one["state_reason"] = Value::Null;
    one["draft"] = json!(false);
    one["pull_request"] = json!({ "html_url": url, "merged_at": merged_at });
    one
}

/// A review.
pub fn review(id: u64, by: &Value, submitted_at: Option<&str>) -> Value {
    json!({
        "id": id, "node_id": format!("PRR_{id}"), "user": by, "body": "", "state": "APPROVED",
        "html_url": format!("https://github.com/acme/orchard/pull/1#pullrequestreview-{id}"),
        "submitted_at": submitted_at, "commit_id": "2f1c", "author_association": "MEMBER",
    })
}

/// A comment.
pub fn comment(id: u64, by: &Value, created_at: &str) -> Value {
    json!({
        "id": id, "node_id": format!("IC_{id}"), "user": by, "body": "Thanks",
        "html_url": format!("https://github.com/acme/orchard/issues/1#issuecomment-{id}"),
        "issue_url": "https://api.github.com/repos/acme/orchard/issues/1",
        "created_at": created_at, "updated_at": created_at, "author_association": "MEMBER",
    })
}

/// A release, or without a time a draft.
pub fn release(id: u64, by: &Value, published_at: Option<&str>) -> Value {
    json!({
        "id": id, "node_id": format!("RE_{id}"), "author": by, "tag_name": format!("v{id}"),
        "html_url": format!("https://github.com/acme/orchard/releases/tag/v{id}"),
        "draft": published_at.is_none(), "prerelease": false, "name": null,
        "created_at": "2026-01-01T00:00:00Z", "published_at": published_at,
    })
}
