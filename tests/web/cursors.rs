//! Lists: page by page while others write, and cursors that nobody can make, change or lend.

use serde_json::{Value, json};
use web_server::Code;

use crate::harness::{Server, at, event};

/// A list, where its items are, and what tells them apart.
struct List {
    path: String,
    pointer: &'static str,
    next: &'static str,
    key: &'static [&'static str],
}

fn list(path: impl Into<String>, key: &'static [&'static str]) -> List {
    List { path: path.into(), pointer: "/data", next: "/next", key }
}

fn history(user: &str) -> List {
    let list = list(format!("users/{user}?"), &["epoch_id"]);
    List { pointer: "/epochs/data", next: "/epochs/next", ..list }
}

/// Books with seven of everything: two closed epochs, and an open one.
async fn crowd() -> (Server, i64) {
    let server = Server::new().await;
    for name in ["l1", "l2", "l3", "l4", "l5"] {
        server.create_ledger(name).await;
        server.publish(name).await;
    }
    let people: Vec<(String, String)> =
        (0..7).map(|at| (format!("p{at}"), format!("u{at}"))).collect();
    let bindings: Vec<_> = people.iter().map(|(p, u)| (p.as_str(), u.as_str())).collect();
    server.bind(&bindings).await;
    for (week, day) in
        [("2026-W44", "2026-10-27"), ("2026-W45", "2026-11-03"), ("2026-W47", "2026-11-17")]
    {
        let epoch = server.open_week(week).await;
        let of = |at_minute: usize, by: &str| {
            let time = format!("{day}T10:{:02}:00Z", at_minute % 60);
            at(&time, event(&format!("{day} {by} {at_minute}"), by))
        };
        let known = (0..21).map(|at| of(at / 2, &format!("p{}", at % 7)));
        let waiting = (0..7).map(|at| of(at, &format!("w{at}")));
        server.insert(epoch, &known.chain(waiting).collect::<Vec<_>>().into()).await;
        server.propose(epoch).await;
        for component in ["base_issuance", "a", "b", "c", "d", "e"] {
            server.add_to_pool(epoch, component, "100").await;
        }
        if week != "2026-W47" {
            server.finalize(epoch).await;
        }
    }
    let current = server.get("epochs/current").send().await.json(200)["id"].as_i64().unwrap();
    (server, current)
}

fn lists(epoch: i64) -> Vec<List> {
    let explain =
        List { pointer: "/events", ..list(format!("epochs/{epoch}/users/u1/explain?"), &["id"]) };
    vec![
        list("/api/v1/ledgers?", &["name"]),
        list("epochs?", &["id"]),
        list(format!("epochs/{epoch}/activity?"), &["id"]),
        list(format!("epochs/{epoch}/activity?user=u1&"), &["id"]),
        list(format!("epochs/{epoch}/activity?unresolved=true&type=change&source=forge&"), &["id"]),
        list(format!("epochs/{epoch}/activity?late=false&"), &["id"]),
        list("identities?", &["source", "platform_user_id"]),
        list(format!("epochs/{epoch}/unresolved?"), &["source", "platform_user_id"]),
        list(format!("epochs/{epoch}/allocations?"), &["user_id"]),
        list(format!("epochs/{epoch}/pool-components?"), &["component_id"]),
        list("holdings?", &["user_id"]),
        explain,
        history("u1"),
    ]
}

impl List {
    fn items(&self, page: &Value) -> Vec<Vec<String>> {
        let data = page.pointer(self.pointer).unwrap().as_array().unwrap();
        let key = |item: &Value| self.key.iter().map(|name| item[name].to_string()).collect();
        data.iter().map(key).collect()
    }

    fn next(&self, page: &Value) -> Option<String> {
        page.pointer(self.next).unwrap().as_str().map(str::to_owned)
    }

    async fn page(&self, server: &Server, rest: &str) -> Value {
        server.get(&format!("{}{rest}", self.path)).send().await.json(200)
    }

    async fn cursor(&self, server: &Server) -> String {
        let page = self.page(server, "limit=1").await;
        self.next(&page).unwrap_or_else(|| panic!("{} has one page", self.path))
    }
}

/// Something new in every list: before, among and after what is there.
async fn disturb(server: &Server, epoch: i64, round: usize) {
    let names = [format!("a{round}"), format!("l3-{round}"), format!("z{round}")];
    for name in &names {
        server.create_ledger(name).await;
        server.publish(name).await;
    }
    let mut events = Vec::new();
    for time in ["2026-11-16T00:00:00Z", "2026-11-17T10:03:00Z", "2026-11-19T00:00:00Z"] {
        for by in ["p1", "w3", &names[0], &names[2]] {
            events.push(at(time, event(&format!("{round} {time} {by}"), by)));
        }
    }
    server.insert(epoch, &events.into()).await;
    server.bind(&[(&names[2], &names[2]), (&format!("p3-{round}"), "u3")]).await;
    server.propose(epoch).await;
    server.add_to_pool(epoch, &format!("b{round}"), "1").await;
}

#[tokio::test]
async fn a_walk_misses_and_repeats_nothing_while_others_write() {
    let (server, epoch) = crowd().await;
    let mut round = 0;
    for list in lists(epoch) {
        let before = list.items(&list.page(&server, "limit=1000").await);
        assert!(before.len() > 2, "{}", list.path);
        let (mut seen, mut rest) = (Vec::new(), "limit=2".to_owned());
        let mut disturbances = 3;
        loop {
            let page = list.page(&server, &rest).await;
            let items = list.items(&page);
            assert!(items.len() <= 2, "{}", list.path);
            seen.extend(items);
            let Some(next) = list.next(&page) else { break };
            rest = format!("limit=2&after={next}");
            if disturbances > 0 {
                disturb(&server, epoch, round).await;
                (round, disturbances) = (round + 1, disturbances - 1);
            }
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{}: an item is there twice", list.path);
        seen.retain(|item| before.contains(item));
        assert_eq!(seen, before, "{}", list.path);
    }
}

#[tokio::test]
async fn the_last_page_has_no_next_even_when_it_is_full() {
    let (server, epoch) = crowd().await;
    for list in lists(epoch) {
        let all = list.items(&list.page(&server, "limit=1000").await);
        let full = list.page(&server, &format!("limit={}", all.len())).await;
        assert_eq!((list.items(&full), list.next(&full)), (all.clone(), None), "{}", list.path);
        let but_one = list.page(&server, &format!("limit={}", all.len() - 1)).await;
        let next = list.next(&but_one).unwrap();
        let last = list.page(&server, &format!("after={next}")).await;
        assert_eq!(list.items(&last), all[all.len() - 1..], "{}", list.path);
        assert_eq!(list.next(&last), None);
    }
}

#[tokio::test]
async fn a_cursor_opens_its_own_list_and_no_other() {
    let (server, epoch) = crowd().await;
    let mut lists = lists(epoch);
    // Neither another epoch's, nor another user's, nor another filter's.
    let others = ["epochs/1/activity?", "epochs/1/allocations?", "epochs/1/pool-components?"];
    lists.extend(others.map(|path| list(path, &["id"])));
    lists.push(list(format!("epochs/{epoch}/activity?user=u2&"), &["id"]));
    lists.push(list(format!("epochs/{epoch}/activity?unresolved=true&"), &["id"]));
    lists.push(list(format!("epochs/{epoch}/users/u2/explain?"), &["id"]));
    lists.push(history("u2"));
    for (from, lender) in lists.iter().enumerate() {
        let mut page = server.get(&format!("{}limit=1", lender.path)).send().await.json(200);
        let next = page.pointer_mut(lender.next).map(Value::take);
        let cursor = next.and_then(|next| Some(next.as_str()?.to_owned()));
        let cursor = cursor.unwrap_or_else(|| panic!("{} has one page", lender.path));
        for (to, borrower) in lists.iter().enumerate() {
            let reply = server.get(&format!("{}after={cursor}", borrower.path)).send().await;
            if from == to {
                assert_eq!(reply.status, 200, "{}", lender.path);
            } else {
                assert_eq!(reply.status, 400, "{} opens {}", lender.path, borrower.path);
                reply.problem(Code::InvalidCursor);
            }
        }
    }
}

#[tokio::test]
async fn another_ledgers_cursor_opens_nothing() {
    let (server, _) = crowd().await;
    let cursor = list("epochs?", &["id"]).cursor(&server).await;
    let reply = server.get(&format!("/api/v1/ledgers/l1/epochs?after={cursor}")).send().await;
    reply.problem(Code::InvalidCursor);
}

#[tokio::test]
async fn a_cursor_with_one_character_changed_opens_nothing() {
    let (server, epoch) = crowd().await;
    let list = list(format!("epochs/{epoch}/activity?"), &["id"]);
    let cursor = list.cursor(&server).await;
    let mut wrong = vec![String::new(), "x".to_owned(), "%00".to_owned(), "A".repeat(9_000)];
    for place in 0..cursor.len() {
        let (before, after) = (&cursor[..place], &cursor[place + 1..]);
        let was = &cursor[place..=place];
        // Cut, doubled, of the other case, the next digit of base64, and characters of no base64.
        wrong.push(format!("{before}{after}"));
        wrong.push(format!("{before}{was}{was}{after}"));
        for other in ["A", "B", "_", "-", "%20", "=", "%2B"] {
            if other != was {
                wrong.push(format!("{before}{other}{after}"));
            }
        }
        wrong.push(cursor[..place].to_owned());
    }
    for suffix in ["=", "==", "%0A", "A", "AAAA"] {
        wrong.push(format!("{cursor}{suffix}"));
    }
    // A doubled character is also the cursor where the next one is the same; it is then another length.
    for wrong in wrong {
        let reply = server.get(&format!("{}after={wrong}", list.path)).send().await;
        assert_eq!(reply.status, 400, "{wrong} for {cursor}");
        reply.problem(Code::InvalidCursor);
    }
}

#[tokio::test]
async fn a_shared_secret_opens_the_cursors_of_another_server() {
    let secret = |settings: &mut web_server::Settings| {
        settings.cursor_secret = Some(b"shared".to_vec());
    };
    let (one, two, three) =
        (Server::with(secret).await, Server::with(secret).await, Server::new().await);
    for server in [&one, &two, &three] {
        let first = server.open_week("2026-W45").await;
        server.post(&format!("epochs/{first}/review")).send().await.json(200);
        server.open_epoch().await;
    }
    let cursor = list("epochs?", &["id"]).cursor(&one).await;
    let path = format!("epochs?after={cursor}");
    two.get(&path).send().await.json(200);
    three.get(&path).send().await.problem(Code::InvalidCursor);
}

#[tokio::test]
async fn a_limit_is_from_one_to_a_thousand() {
    let (server, epoch) = crowd().await;
    for list in lists(epoch) {
        for wrong in
            ["0", "1001", "-1", "x", "", "65536", "99999999999999999999", "1.5", "1e2", "+"]
        {
            let reply = server.get(&format!("{}limit={wrong}", list.path)).send().await;
            assert_eq!(reply.status, 400, "{}limit={wrong}: {}", list.path, reply.text());
            reply.problem(Code::MalformedRequest);
        }
        for right in ["1", "1000"] {
            list.page(&server, &format!("limit={right}")).await;
        }
        let unknown = server.get(&format!("{}page=2", list.path)).send().await;
        unknown.problem(Code::MalformedRequest);
    }
}

#[tokio::test]
async fn a_list_of_nothing_is_empty() {
    let server = Server::new().await;
    let nothing = json!({ "data": [], "next": null });
    for path in ["epochs", "identities", "holdings"] {
        assert_eq!(server.get(path).send().await.json(200), nothing, "{path}");
    }
    let epoch = server.open_epoch().await;
    for path in ["activity", "unresolved", "allocations", "pool-components"] {
        let list = server.get(&format!("epochs/{epoch}/{path}")).send().await;
        assert_eq!(list.json(200), nothing, "{path}");
    }
}
