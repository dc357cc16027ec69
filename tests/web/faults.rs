//! What callers are told when the database does not answer, or holds what it should not.

use web_server::Code;

use crate::harness::{LEDGER, Server, event};

/// Words of the database's own.
const INTERNAL: [&str; 10] = [
    "postgres",
    "relation",
    "permission",
    "epochs\"",
    "SELECT",
    "diesel",
    "connection",
    "socket",
    "activity_events",
    "::",
];

fn assert_silent(text: &str) {
    for word in INTERNAL {
        assert!(!text.contains(word), "it tells of {word}: {text}");
    }
}

#[tokio::test]
async fn a_database_that_refuses_is_not_quoted() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    let sql = crate::sql::owner(&server.database).await;
    sql.batch_execute("ALTER TABLE activity_events RENAME TO elsewhere").await.unwrap();
    for path in ["activity", "users/ada/explain"] {
        let reply = server.get(&format!("epochs/{epoch}/{path}")).send().await;
        reply.problem(Code::Internal);
        assert_silent(&reply.text());
    }
    let path = format!("epochs/{epoch}/activity");
    let reply = server.post(&path).json(&serde_json::json!([event("x", "p")])).send().await;
    reply.problem(Code::Internal);
    assert_silent(&reply.text());
}

#[tokio::test]
async fn a_page_of_a_fault_does_not_ask_who_is_signed_in() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    let page = |path: String| {
        let cookie = format!("epoch_ledger_session={}", server.admin);
        server.get(&path).anonymous().header("cookie", &cookie).header("accept", "text/html").send()
    };
    let known = page(format!("/l/{LEDGER}/no-such-page")).await;
    assert_eq!(known.status, 404);
    assert!(known.text().contains("Signed in: admin"), "{}", known.text());
    let sql = crate::sql::owner(&server.database).await;
    sql.batch_execute("ALTER TABLE activity_events RENAME TO elsewhere").await.unwrap();
    let fault = page(format!("/l/{LEDGER}/epochs/{epoch}/activity")).await;
    assert_eq!(fault.status, 500);
    for word in ["Sign in", "Signed in", "Sign out"] {
        assert!(!fault.text().contains(word), "{}", fault.text());
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_said_to_be() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    let sql = crate::sql::owner(&server.database).await;
    let name: String = sql.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let beside = crate::sql::beside(&server.database).await;
    let away = format!(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    );
    beside.batch_execute(&away).await.unwrap();
    for path in ["/readyz".to_owned(), format!("epochs/{epoch}"), "/api/v1/ledgers".to_owned()] {
        let reply = server.get(&path).send().await;
        assert!(reply.status >= 500, "{path} {}", reply.text());
        assert_silent(&reply.text());
        let code = if reply.status == 503 { Code::Unavailable } else { Code::Internal };
        reply.problem(code);
    }
    assert_eq!(server.get("/healthz").send().await.status, 200, "the process is there");
    let metrics = server.get("/metrics").send().await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text().contains("epoch_ledger_database_up 0\n"), "{}", metrics.text());
    let back = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    beside.batch_execute(&back).await.unwrap();
    assert_eq!(server.get("/readyz").send().await.status, 200, "it comes back by itself");
}
