//! An epoch of ten thousand people: its pages hold no more than a small one's, the last page costs
//! what the first costs, and one event that comes in is not slowed by those that wait.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{LEDGER, Server, event};
use crate::sql;

const PEOPLE: usize = 10_000;

/// How long a page may take here, where nothing is optimized and other tests run beside it. Measured
/// alone, the first takes a tenth of it, and the others a hundredth.
const A_MOMENT: Duration = Duration::from_secs(5);

/// Twelve events of each of the people, and three of each of as many who wait, by SQL, because what is
/// tested is not how they come in.
const FILL: &str = "
    INSERT INTO activity_events (ledger_id, epoch_id, id, source, event_type, platform_user_id,
        user_id, payload_hash, producer, producer_version, event_time, retrieved_at, ingested_at)
    SELECT e.ledger_id, e.id, 'forge:' || n, 'forge', CASE n % 2 WHEN 0 THEN 'change' ELSE 'note' END,
        'p-' || n % 20000, CASE WHEN n % 20000 < 10000 THEN 'user-' || n % 20000 END,
        repeat('0', 64), 'a-test', '1', e.period_start + n * interval '2 seconds', e.period_start,
        e.period_start
    FROM epochs e CROSS JOIN generate_series(0, 239999) n WHERE n % 20000 < 10000 OR n < 60000";

/// A page as everybody sees it.
async fn page(server: &Server, path: &str) -> String {
    let began = Instant::now();
    let reply = server.get(path).anonymous().send().await;
    let took = began.elapsed();
    let text = reply.text();
    assert_eq!(reply.status, 200, "{text}");
    println!("{path}: {} ms, {} bytes", took.as_millis(), text.len());
    assert!(took < A_MOMENT, "{path} took {took:?}");
    assert!(text.len() < 300_000, "{path} has {} bytes", text.len());
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_epoch_of_ten_thousand_people_is_read_page_by_page() {
    let server = Server::new().await;
    let epoch = server.open_epoch().await;
    let owner = sql::owner(&server.database).await;
    let users = "INSERT INTO users (ledger_id, user_id)
        SELECT ledger_id, 'user-' || n FROM ledgers CROSS JOIN generate_series(0, 9999) n";
    owner.execute(users, &[]).await.unwrap();
    assert_eq!(owner.execute(FILL, &[]).await.unwrap(), 150_000);
    server.propose(epoch).await;
    server.add_to_pool(epoch, "base_issuance", "1000000").await;
    server.publish(LEDGER).await;

    let contributors = format!("/l/{LEDGER}/epochs/{epoch}");
    let rows = |text: &str| text.matches("<tbody id=\"c-").count();
    for number in [1, 2, 50, PEOPLE / 100] {
        let text = page(&server, &format!("{contributors}?page={number}")).await;
        assert_eq!(rows(&text), 100, "page {number}");
    }
    let after_the_last = page(&server, &format!("{contributors}?page={}", PEOPLE / 100 + 1)).await;
    assert_eq!(rows(&after_the_last), 0);
    for path in [
        format!("{contributors}?open=user-7"),
        format!("{contributors}/activity"),
        format!("{contributors}/activity?user=user-7"),
        format!("{contributors}/activity?unresolved=true"),
        format!("{contributors}/users/user-7"),
        format!("/l/{LEDGER}/users/user-7"),
    ] {
        page(&server, &path).await;
    }

    // Somebody bound is given what comes in, whoever else waits, and nobody else's events are read.
    server.bind(&[("p-ada", "ada")]).await;
    let began = Instant::now();
    for n in 0..20 {
        server.insert(epoch, &json!([event(&format!("one-{n}"), "p-ada")])).await;
    }
    let took = began.elapsed();
    println!("20 events, one a request: {} ms", took.as_millis());
    assert!(took < A_MOMENT, "20 events took {took:?}");
    let path = format!("epochs/{epoch}/activity?user=ada");
    let given = server.get(&path).send().await.json(200);
    assert_eq!(given["data"].as_array().unwrap().len(), 20);
}
