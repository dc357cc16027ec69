//! What tests of the sources need: the rules that every source keeps, and a GitHub to ask.

mod fake_github;
mod source_conformance;

pub use fake_github::{
    Asked, FakeGithub, Instead, comment, issue, pull_request, release, review, user as account,
};
pub use source_conformance::check_source;
