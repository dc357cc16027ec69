//! What pages remember, and for how long. Everything else about them is tested in a browser.

use std::time::Duration;

use serde_json::json;

use crate::harness::{LEDGER, Server, event};

/// How many events the epoch's page says there are.
async fn events(server: &Server) -> String {
    let page = server.get(&format!("/l/{LEDGER}")).send().await.text();
    let after = page.split("/activity\">").nth(2).unwrap_or_else(|| panic!("{page}"));
    after.split('<').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_shown_at_once_and_renewed_behind() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    server.publish(LEDGER).await;
    assert_eq!(events(&server).await, "5");
    // Events come in all the time; for some seconds a page is good enough.
    server.insert(epoch, &json!([event("e6", "p-ada")])).await;
    assert_eq!(events(&server).await, "5");
    tokio::time::sleep(Duration::from_secs(6)).await;
    // Whoever comes then is shown the same once more, and the next is shown what there is.
    assert_eq!(events(&server).await, "5");
    for _ in 0..50 {
        if events(&server).await == "6" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(events(&server).await, "6");
    // Whoever decides something sees it, and everything else, at once.
    server.insert(epoch, &json!([event("e7", "p-ada")])).await;
    server.propose(epoch).await;
    assert_eq!(events(&server).await, "7");
}
