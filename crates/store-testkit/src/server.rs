//! The tests' own PostgreSQL: started by whichever test comes first, shared by every test process of
//! this checkout, gone ten seconds after the last one. And servers of a single test.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs};

use private_postgres::{PrivatePostgres, Settings};
use uuid::Uuid;

/// Where the workspace lies.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The server. Its process-wide use is given up by the kernel when the process ends.
pub(crate) fn server() -> &'static PrivatePostgres {
    static SERVER: OnceLock<PrivatePostgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        PrivatePostgres::start(&Settings::throwaway(state_dir()))
            .unwrap_or_else(|error| panic!("the tests' PostgreSQL does not start: {error}"))
    })
}

/// One directory for a checkout, a user and a version of PostgreSQL.
fn state_dir() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    workspace().hash(&mut hasher);
    for name in ["USER", "LOGNAME", "HOME", "EPOCH_LEDGER_PG_BIN"] {
        env::var_os(name).hash(&mut hasher);
    }
    env::temp_dir().join(format!("epoch-ledger-tests-{:016x}", hasher.finish()))
}

/// A server of one test alone, for what belongs to the whole server and would disturb the others: a
/// role's attributes, say. It takes a second to start and goes with this value.
#[derive(Debug)]
pub struct TestServer(PrivatePostgres);

impl TestServer {
    /// A fresh server, with nothing but what `initdb` makes.
    pub async fn start() -> Self {
        let name = format!("epoch-ledger-test-{}", Uuid::new_v4().simple());
        let settings =
            Settings { linger: Duration::ZERO, ..Settings::throwaway(env::temp_dir().join(name)) };
        tokio::task::spawn_blocking(move || PrivatePostgres::start(&settings))
            .await
            .expect("the start does not panic")
            .map_or_else(|error| panic!("the test's own PostgreSQL does not start: {error}"), Self)
    }

    /// The address of its database `postgres`, as the superuser.
    pub fn owner_url_text(&self) -> String {
        self.url_text(self.0.superuser())
    }

    /// The address of its database `postgres`, as that role.
    pub fn url_text(&self, role: &str) -> String {
        self.0.connection_url(role, "postgres")
    }
}

/// Changes with every migration's text, so that an old template is never cloned.
pub(crate) fn migrations_fingerprint() -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(workspace().join("migrations"))
        .expect("the migrations lie in the workspace")
        .flat_map(|entry| {
            let folder = entry.expect("a readable entry").path();
            [folder.join("up.sql"), folder.join("down.sql")]
        })
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut hasher);
        fs::read(&file).expect("a migration has both ways").hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}
