//! What is paid: the statement in its forms, its recomputation, the explanation of each amount, and
//! previews that write nothing.

use serde_json::{Value, json};
use web_server::Code;

use crate::harness::{Server, event, note};

/// A pool that does not divide: seven people with odd units, one of them overridden.
async fn uneven(pool: &str) -> (Server, i64) {
    let server = Server::new().await;
    let epoch = server.open_epoch().await;
    let mut events = Vec::new();
    for person in 0..7 {
        for at in 0..=person {
            events.push(event(&format!("e{person}-{at}"), &format!("p{person}")));
            events.push(note(&format!("n{person}-{at}"), &format!("p{}", 6 - person)));
        }
    }
    server.insert(epoch, &events.into()).await;
    let people: Vec<(String, String)> =
        (0..7).map(|at| (format!("p{at}"), format!("u{at}"))).collect();
    let bindings: Vec<_> = people.iter().map(|(p, u)| (p.as_str(), u.as_str())).collect();
    server.bind(&bindings).await;
    server.propose(epoch).await;
    let decision = json!({ "final_units": "12345", "reason": "agreed in #7" });
    server.patch(&format!("epochs/{epoch}/allocations/u2")).json(&decision).send().await.json(200);
    let nothing = json!({ "final_units": "0", "reason": "left" });
    server.patch(&format!("epochs/{epoch}/allocations/u5")).json(&nothing).send().await.json(200);
    server.add_to_pool(epoch, "base_issuance", pool).await;
    (server, epoch)
}

fn number(value: &Value) -> i128 {
    value.as_str().unwrap().parse().unwrap()
}

/// Everything behind every amount, while it is a forecast and once it is paid.
#[tokio::test]
async fn every_explanation_adds_up_to_the_amount() {
    for pool in ["1000", "3", "0", "9223372036854775807"] {
        let (server, epoch) = uneven(pool).await;
        let mut forecasts = Vec::new();
        for basis in ["forecast", "paid"] {
            let rows = if basis == "forecast" {
                let preview = server.post(&format!("epochs/{epoch}/finalize?dry_run=true"));
                preview.send().await.json(200)["statement"].clone()
            } else {
                server.finalize(epoch).await["statement"].clone()
            };
            let mut amounts = Vec::new();
            let mut total = 0;
            for person in 0..7 {
                let path = format!("epochs/{epoch}/users/u{person}/explain");
                let told = server.get(&path).send().await.json(200);
                assert_eq!(told["basis"], basis);
                check(&told, &rows, &format!("u{person}"));
                total += number(&told["amount_credits"]);
                amounts.push(told["amount_credits"].clone());
            }
            assert_eq!(total, pool.parse::<i128>().unwrap(), "all of the pool is paid");
            forecasts.push(amounts);
        }
        assert_eq!(forecasts[0], forecasts[1], "the forecast is what was paid");
    }
}

fn check(told: &Value, statement: &Value, user: &str) {
    let kinds = told["kinds"].as_array().unwrap();
    for kind in kinds {
        let product = number(&kind["weight"]) * i128::from(kind["events"].as_u64().unwrap());
        assert_eq!(number(&kind["units"]), product, "{told}");
    }
    let sum: i128 = kinds.iter().map(|kind| number(&kind["units"])).sum();
    assert_eq!(number(&told["computed_units"]), sum);
    assert_eq!(number(&told["proposed_units"]), sum);
    let events: u64 = kinds.iter().map(|kind| kind["events"].as_u64().unwrap()).sum();
    assert_eq!(told["events"].as_array().unwrap().len() as u64, events);
    let decided = &told["override"];
    let payable = if decided.is_null() { sum } else { number(&decided["to_units"]) };
    assert_eq!(number(&told["payable_units"]), payable);
    let rows = statement["payouts"].as_array().unwrap();
    let row = rows.iter().find(|row| row["user_id"] == user);
    let amount = row.map_or(0, |row| number(&row["amount_credits"]));
    assert_eq!(number(&told["amount_credits"]), amount);
    let Some(row) = row else {
        assert_eq!(told["steps"], Value::Null, "{told}");
        return;
    };
    let steps = &told["steps"];
    let of = |name: &str| number(&steps[name]);
    assert_eq!(of("floor_credits") + of("extra_credits"), of("amount_credits"));
    assert_eq!(of("amount_credits"), amount);
    let product = of("units") * of("pool_total_credits");
    assert_eq!(of("floor_credits") * of("total_units") + of("remainder"), product);
    let is_within =
        i128::from(steps["remainder_rank"].as_u64().unwrap()) <= of("left_over_credits");
    assert_eq!(of("extra_credits"), i128::from(is_within), "{steps}");
    assert_eq!((of("units"), &steps["share"]), (number(&row["total_units"]), &row["share"]));
    assert_eq!(of("units"), payable);
}

#[tokio::test]
async fn a_preview_writes_nothing_and_is_what_is_written_later() {
    let (server, epoch) = uneven("1001").await;
    let path = format!("epochs/{epoch}");
    let before = server.get(&path).send().await.json(200);
    let preview = server.post(&format!("{path}/finalize?dry_run=true")).send().await.json(200);
    assert_eq!(server.get(&path).send().await.json(200), before);
    server.get(&format!("{path}/statement")).send().await.problem(Code::NoStatement);
    let seen = json!({
        "expected_pool_total_credits": preview["statement"]["pool_total_credits"],
        "expected_allocation_set_hash": preview["statement"]["allocation_set_hash"],
    });
    let written = server.post(&format!("{path}/finalize")).json(&seen).send().await.json(200);
    let plain = |mut finalized: Value, outcome: &str| {
        assert_eq!(finalized["outcome"].take(), outcome);
        for (part, field) in
            [("statement", "id"), ("statement", "created_at"), ("epoch", "closed_at")]
        {
            assert!(finalized[part][field].is_string(), "{part}.{field}");
            finalized[part][field].take();
        }
        finalized
    };
    assert_eq!(plain(preview, "dry_run"), plain(written.clone(), "closed"));
    let mut again = server.finalize(epoch).await;
    assert_eq!(again["outcome"].take(), "already_closed");
    assert_eq!((&again["epoch"], &again["statement"]), (&written["epoch"], &written["statement"]));
}

#[tokio::test]
async fn other_weights_are_tried_and_nothing_is_written() {
    let (server, epoch) = uneven("1000").await;
    let list = format!("epochs/{epoch}/allocations");
    let before = server.get(&list).send().await.json(200);
    // {"forge:note": "1"}
    let path = format!("epochs/{epoch}/allocations/propose?weights=%7B%22forge:note%22:%221%22%7D");
    let tried = server.post(&path).send().await.json(200);
    assert_eq!(tried["pool_total_credits"], "1000");
    let rows = tried["data"].as_array().unwrap();
    assert_eq!(rows.len(), 7);
    assert_eq!(
        rows[6],
        json!({
            "user_id": "u6", "display_name": null, "proposed_units": "1", "activity_count": 8,
            "amount_credits": "36",
        })
    );
    let paid: i128 = rows.iter().map(|row| number(&row["amount_credits"])).sum();
    assert_eq!(paid, 1_000);
    assert_eq!(server.get(&list).send().await.json(200), before);
    let same = format!("epochs/{epoch}/allocations/propose?weights=%7B%7D");
    let nothing = server.post(&same).send().await.json(200);
    assert!(nothing["data"].as_array().unwrap().iter().all(|row| row["amount_credits"] == "0"));
    let missing = server.post("epochs/999/allocations/propose?weights=%7B%7D").send().await;
    missing.problem(Code::NotFound);
}

#[tokio::test]
async fn a_statement_is_to_be_had_as_json_and_as_csv() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    server.finalize(epoch).await;
    let path = format!("epochs/{epoch}/statement");
    let (json, csv) = ("application/json", "text/csv; charset=utf-8");
    for (accept, expected) in [
        ("", json),
        ("*/*", json),
        ("application/json", json),
        ("text/csv", csv),
        ("TEXT/CSV; charset=utf-8", csv),
        ("text/*", csv),
        ("application/*", json),
        ("text/csv;q=0.5, application/json;q=0.4", csv),
        ("text/csv;q=0.4, application/json;q=0.5", json),
        ("text/csv;q=0.1, */*", json),
        ("text/csv, */*;q=0.1", csv),
        ("application/json;q=0, */*", csv),
        ("application/json;q=0.1, */*", csv),
        ("text/csv;header=present;Q=0.9, application/json;q=0.8", csv),
        ("image/png, text/csv;q=0.001", csv),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", json),
        ("text/csv, application/json", csv),
        ("application/json, text/csv", json),
    ] {
        let reply = server.get(&path).header("accept", accept).send().await;
        assert_eq!((reply.status, reply.header("content-type")), (200, expected), "{accept}");
    }
    for accept in
        ["image/png", "application/json;q=0", "text/csv;q=0.0, image/*", "nonsense", "*/*;q=0"]
    {
        let reply = server.get(&path).header("accept", accept).send().await;
        assert_eq!(reply.status, 406, "{accept}");
        reply.problem(Code::NotAcceptable);
    }
    for (format, expected) in [("json", json), ("csv", csv)] {
        let ask = server.get(&format!("{path}?format={format}")).header("accept", "image/png");
        let reply = ask.send().await;
        assert_eq!((reply.status, reply.header("content-type")), (200, expected));
        let name = format!("inline; filename=\"default-epoch-{epoch}.{format}\"");
        assert_eq!(reply.header("content-disposition"), name);
    }
    server.get(&format!("{path}?format=xml")).send().await.problem(Code::MalformedRequest);
    let csv = server.get(&format!("{path}?format=csv")).send().await;
    let bytes = "user_id,total_units,share,amount_credits\n\
                 ada,16500,0.673469,673\nbob,8000,0.326530,327\n";
    assert_eq!(csv.text(), bytes);
}

#[tokio::test]
async fn odd_user_ids_are_quoted_in_csv() {
    let server = Server::new().await;
    let epoch = server.open_epoch().await;
    server.insert(epoch, &json!([event("a", "p1"), event("b", "p2"), event("c", "p3")])).await;
    server.bind(&[("p1", "a,\"b\""), ("p2", "=1+1"), ("p3", "é/ü ñ")]).await;
    server.propose(epoch).await;
    server.add_to_pool(epoch, "base_issuance", "3").await;
    server.finalize(epoch).await;
    let csv = server.get(&format!("epochs/{epoch}/statement?format=csv")).send().await.text();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[1], "=1+1,8000,0.333333,1");
    assert_eq!(lines[2], "\"a,\"\"b\"\"\",8000,0.333333,1");
    assert_eq!(lines[3], "é/ü ñ,8000,0.333333,1");
    // Any id fits into a path.
    let user = "%C3%A9%2F%C3%BC%20%C3%B1";
    let told = server.get(&format!("epochs/{epoch}/users/{user}/explain")).send().await.json(200);
    assert_eq!(told["user_id"], "é/ü ñ");
    let history = server.get(&format!("users/{user}")).send().await.json(200);
    assert_eq!(history["epochs"]["data"][0]["amount_credits"], "1");
}

#[tokio::test]
async fn what_was_paid_is_verified() {
    let (server, epoch) = uneven("1000").await;
    server.finalize(epoch).await;
    let report = server.get(&format!("epochs/{epoch}/verify")).send().await.json(200);
    assert_eq!(report["verified"], true);
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.len() > 4, "{report}");
    let agree = |check: &Value| check["agrees"] == true && check["difference"].is_null();
    assert!(checks.iter().all(agree), "{report}");
    let sql = crate::sql::owner(&server.database).await;
    let forge = "SET session_replication_role = replica;
        UPDATE epoch_allocations SET final_units = 1 WHERE user_id = 'u2'";
    sql.batch_execute(forge).await.unwrap();
    let report = server.get(&format!("epochs/{epoch}/verify")).send().await.json(200);
    assert_eq!(report["verified"], false);
    assert!(report.to_string().contains("u2"), "{report}");
}
