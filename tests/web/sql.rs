//! Plain SQL, for what the API does not do.

use store_testkit::TestDatabase;
use tokio_postgres::{Client, Config, NoTls};

/// As the superuser who owns the database.
pub(crate) async fn owner(database: &TestDatabase) -> Client {
    connect(&database.owner_url_text().parse().unwrap()).await
}

/// As the same superuser, in another database of the server.
pub(crate) async fn beside(database: &TestDatabase) -> Client {
    let mut config: Config = database.owner_url_text().parse().unwrap();
    connect(config.dbname("postgres")).await
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(async move {
        // A connection that breaks fails the statement that waits for it.
        let _ = connection.await;
    });
    client
}
