//! What everybody sees of a public ledger: no address, no platform's id, no login, no metadata, in no
//! answer and in no cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger_testkit::{parsed, user};
use serde_json::{Value, json};
use web_server::{Code, ROUTES, Route};

use crate::harness::{Server, event, note};

/// What nobody without a token may read anywhere.
const SECRETS: [&str; 8] =
    ["@", "%40", "p-ada", "p-bob", "p-carl", "login-of-ada", "secret-of-metadata", "example.org"];

const ADA: &str = "ada@example.org";

/// A public ledger whose books hold addresses wherever they can: a closed epoch and one that is open.
async fn indiscreet() -> (Server, i64) {
    let server = Server::new().await;
    server.publish("default").await;
    let epoch = server.open_week("2026-W46").await;
    server.insert(epoch, &indiscreet_events("2026-11-10T10:00:00Z")).await;
    server.bind(&[("p-ada", ADA), ("p-bob", "bob"), ("p-carl", "carl@example.org")]).await;
    server.propose(epoch).await;
    let decision = json!({
        "final_units": "9001", "reason": "asked by <ada@example.org>, seconded by carl@example.org"
    });
    for user in ["ada%40example.org", "bob"] {
        let path = format!("epochs/{epoch}/allocations/{user}");
        server.patch(&path).json(&decision).send().await.json(200);
    }
    let component = json!({
        "component_id": "base_issuance", "amount_credits": "1000",
        "algorithm_version": "by ada@example.org v1",
        "inputs": { "voters": [ADA, { ADA: "carl@example.org" }] },
        "evidence_ref": "mailto:ada@example.org",
    });
    let path = format!("epochs/{epoch}/pool-components");
    server.post(&path).json(&component).send().await.json(201);
    server.finalize(epoch).await;
    let open = server.open_epoch().await;
    server.insert(open, &indiscreet_events("2026-11-17T10:00:00Z")).await;
    server.propose(open).await;
    let path = format!("epochs/{open}/pool-components");
    server.post(&path).json(&component).send().await.json(201);
    (server, epoch)
}

fn indiscreet_events(time: &str) -> Value {
    let with_all = |mut one: Value, id: &str| {
        one["id"] = format!("{id} {time}").into();
        one["event_time"] = time.into();
        one["platform_login"] = "login-of-ada".into();
        one["artifact_url"] = "https://forge.test/changes?by=ada@example.org".into();
        one["metadata"] = json!({ "text": "secret-of-metadata", "mail": ADA });
        one["producer"] = "ada@example.org".into();
        one["producer_version"] = "1 by ada@example.org".into();
        one
    };
    json!([
        with_all(event("", "p-ada"), "mail:ada@example.org:1"),
        with_all(event("", "p-ada"), "plain:1"),
        with_all(note("", "p-bob"), "plain:2"),
        with_all(event("", "p-bob"), "plain:3"),
        with_all(event("", "p-carl"), "plain:4"),
        with_all(event("", "p-dan@example.org"), "plain:5"),
    ])
}

fn assert_discreet(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

/// What a cursor would show to somebody who takes it apart.
fn contents(cursor: &str) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every route that everybody may read, for a closed epoch and the open one, and for somebody who may
/// be seen and somebody who may not.
fn readable(closed: i64) -> Vec<String> {
    let is_read =
        |route: &&Route| route.method == "GET" && route.path.starts_with("/api/v1/ledgers");
    let mut paths = Vec::new();
    for route in ROUTES.iter().filter(is_read) {
        for epoch in [closed.to_string(), "current".to_owned()] {
            for user in ["bob", "ada%40example.org", "nobody"] {
                let path = route.path.replace("{ledger}", "default");
                let path = path.replace("{epoch}", &epoch).replace("{user}", user);
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

#[tokio::test]
async fn no_answer_to_everybody_holds_an_address_or_a_platforms_id() {
    let (server, closed) = indiscreet().await;
    let (mut pages, mut cursors) = (0, 0);
    for path in readable(closed) {
        let takes_limit = server.get(&format!("{path}?limit=1")).anonymous().send().await;
        let limit = if takes_limit.status == 400 { "" } else { "?limit=1" };
        let mut next: Option<String> = None;
        loop {
            let after = next.iter().map(|next| format!("&after={next}")).collect::<String>();
            let reply = server.get(&format!("{path}{limit}{after}")).anonymous().send().await;
            assert_discreet(&path, &reply.text());
            for (name, value) in &reply.headers {
                assert_discreet(name.as_str(), value.to_str().unwrap());
            }
            pages += 1;
            let body: Value = serde_json::from_slice(&reply.bytes).unwrap();
            let found =
                [&body["next"], &body["epochs"]["next"]].into_iter().find_map(Value::as_str);
            next = found.map(str::to_owned);
            let Some(cursor) = &next else { break };
            cursors += 1;
            let contents = contents(cursor);
            // Single characters are there by chance.
            let found = SECRETS.iter().find(|word| word.len() > 3 && contents.contains(*word));
            assert_eq!(found, None, "{path} has it in its cursor: {contents}");
        }
    }
    assert!(pages > 40 && cursors > 10, "{pages} pages, {cursors} cursors");
    let csv = server.get(&format!("epochs/{closed}/statement?format=csv"));
    assert_discreet("the CSV", &csv.anonymous().send().await.text());
}

#[tokio::test]
async fn another_ledgers_token_sees_what_everybody_sees() {
    let (server, closed) = indiscreet().await;
    server.create_ledger("others").await;
    let token = server.token("others", ledger_core::Scope::Admin).await;
    for path in readable(closed) {
        let reply = server.get(&path).by(&token).send().await;
        // The list of ledgers has the token's own, too.
        assert_discreet(&path, &reply.text());
    }
}

#[tokio::test]
async fn a_token_holder_sees_it_all() {
    let (server, closed) = indiscreet().await;
    let token = server.token("default", ledger_core::Scope::Read).await;
    let read = |path: String| server.get(&path).by(&token).send();
    let events = read(format!("epochs/{closed}/activity?user=ada%40example.org")).await.json(200);
    assert_eq!(events["data"].as_array().unwrap().len(), 2);
    let first = &events["data"][0];
    assert_eq!(first["user_id"], ADA);
    assert_eq!(first["platform_user_id"], "p-ada");
    assert_eq!(first["platform_login"], "login-of-ada");
    assert_eq!(first["metadata"], json!({ "text": "secret-of-metadata", "mail": ADA }));
    let parts = read(format!("epochs/{closed}/pool-components")).await.json(200);
    assert_eq!(parts["data"][0]["evidence_ref"], "mailto:ada@example.org");
    assert_eq!(parts["data"][0]["inputs"]["voters"][0], ADA);
    let allocations = read(format!("epochs/{closed}/allocations")).await.json(200);
    let reason = "asked by <ada@example.org>, seconded by carl@example.org";
    assert_eq!(allocations["data"][0]["override_reason"], reason);
    let waiting = read("epochs/current/unresolved".to_owned()).await.json(200);
    assert_eq!(waiting["data"][0]["platform_user_id"], "p-dan@example.org");
    read(format!("epochs/{closed}/users/ada%40example.org/explain")).await.json(200);
}

#[tokio::test]
async fn somebody_with_a_name_is_shown_by_it() {
    let (server, closed) = indiscreet().await;
    let store = server.container.activity_ledger_store(&parsed("default")).await.unwrap();
    store.set_display_name(&user(ADA), Some(&parsed("Ada L."))).await.unwrap();
    let path = format!("epochs/{closed}/statement");
    let statement = server.get(&path).anonymous().send().await.json(200);
    assert_eq!(statement["redacted"], true);
    let rows = statement["statement"]["payouts"].as_array().unwrap();
    let who: Vec<_> = rows.iter().map(|row| (&row["user_id"], &row["display_name"])).collect();
    let null = &Value::Null;
    assert_eq!(who, [(null, &json!("Ada L.")), (&json!("bob"), null), (null, null)]);
    let csv = server.get(&format!("{path}?format=csv")).anonymous().send().await.text();
    let ids: Vec<_> = csv.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids, ["user_id", "", "bob", ""]);
    let open = server.get("epochs/current/activity").anonymous().send().await.json(200);
    assert_eq!(open["data"][0]["display_name"], "Ada L.");
    assert_eq!(open["data"][0]["id"], Value::Null);
}

#[tokio::test]
async fn nobody_learns_whether_an_address_is_known() {
    let (server, closed) = indiscreet().await;
    for path in [
        "users/USER".to_owned(),
        format!("epochs/{closed}/users/USER/explain"),
        format!("epochs/{closed}/activity?user=USER"),
    ] {
        let mut answers = Vec::new();
        for user in ["ada%40example.org", "nobody%40example.org"] {
            let reply = server.get(&path.replace("USER", user)).anonymous().send().await;
            let body = reply.problem(Code::NotFound);
            answers.push(body["detail"].clone());
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
}

#[tokio::test]
async fn a_report_of_a_damaged_statement_names_no_address() {
    let (server, closed) = indiscreet().await;
    let sql = crate::sql::owner(&server.database).await;
    let forge = format!(
        "SET session_replication_role = replica;
         UPDATE epoch_allocations SET final_units = NULL, override_reason = NULL,
             proposed_units = 1 WHERE epoch_id = {closed} AND user_id <> 'bob'"
    );
    sql.batch_execute(&forge).await.unwrap();
    let path = format!("epochs/{closed}/verify");
    let reply = server.get(&path).anonymous().send().await;
    assert_eq!(reply.json(200)["verified"], false);
    assert_discreet("the report", &reply.text());
    let told = server.get(&path).send().await.text();
    assert!(told.contains(ADA), "a token holder reads who differs: {told}");
}
