//! The stylesheet and the script, which are part of the program.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use ledger_core::Sha256Hex;

use crate::api::At;
use crate::problem::{Answer, Problem};

const STYLE: &str = include_str!("../../assets/style.css");
const SCRIPT: &str = include_str!("../../assets/app.js");

/// Changes when they do.
pub(super) static VERSION: LazyLock<String> =
    LazyLock::new(|| Sha256Hex::of([STYLE, SCRIPT].concat().as_bytes()).as_str()[..12].to_owned());

/// `GET /assets/{file}`. The pages name the version, so that it can be kept for ever.
pub(super) async fn asset(at: At<String>) -> Answer<impl IntoResponse> {
    let (media_type, text) = match at.0.as_str() {
        "style.css" => ("text/css; charset=utf-8", STYLE),
        "app.js" => ("text/javascript; charset=utf-8", SCRIPT),
        _ => return Err(Problem::not_found("there is no such file")),
    };
    let forever = "public, max-age=31536000, immutable";
    Ok(([(CONTENT_TYPE, media_type), (CACHE_CONTROL, forever)], text))
}
