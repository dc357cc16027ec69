//! The house: which crate may know which, and where things may stand. Reads what Cargo says, so a
//! wrong arrow fails here before anybody has to see it in a review.
//!
//! To add a crate: a line in [`ARROWS`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Who may know whom. What lies under `tests` may know everybody, and nobody knows it.
const ARROWS: &[(&str, &[&str])] = &[
    ("activity-collector", &["activity-sources", "ledger-core", "ledger-port"]),
    ("activity-sources", &["ledger-core"]),
    ("app-container", &["ledger-adapter-server", "ledger-core", "ledger-port", "private-postgres"]),
    (
        "epoch-ledger",
        &[
            "activity-collector",
            "activity-sources",
            "app-container",
            "ledger-core",
            "ledger-port",
            "web-server",
            "worker",
        ],
    ),
    ("ledger-adapter-server", &["ledger-repository"]),
    ("ledger-adapter-worker", &["ledger-repository"]),
    ("ledger-core", &[]),
    ("ledger-fuzz", &["activity-sources", "ledger-core"]),
    ("ledger-memory", &["ledger-core", "ledger-port"]),
    ("ledger-port", &["ledger-core"]),
    ("ledger-repository", &["ledger-core", "ledger-port", "ledger-schema"]),
    ("ledger-schema", &[]),
    ("ledger-testkit", &["ledger-core", "ledger-port"]),
    (
        "ledger-torture",
        &[
            "activity-sources",
            "ledger-adapter-server",
            "ledger-adapter-worker",
            "ledger-core",
            "ledger-memory",
            "ledger-port",
            "ledger-repository",
            "ledger-testkit",
            "private-postgres",
            "source-testkit",
            "store-testkit",
            "worker",
        ],
    ),
    ("private-postgres", &[]),
    ("source-testkit", &["activity-sources", "ledger-core"]),
    ("store-testkit", &["ledger-core", "ledger-port", "ledger-repository", "private-postgres"]),
    ("web-server", &["app-container", "activity-sources", "ledger-core", "ledger-port"]),
    (
        "worker",
        &[
            "activity-collector",
            "activity-sources",
            "ledger-adapter-worker",
            "ledger-core",
            "ledger-port",
        ],
    ),
];

/// Only these know PostgreSQL.
const DATABASE_CRATES: &[&str] =
    &["deadpool", "diesel", "diesel-async", "diesel_migrations", "tokio-postgres"];
const KNOW_POSTGRESQL: &[&str] =
    &["ledger-repository", "ledger-schema", "ledger-torture", "store-testkit"];

/// Never anywhere below us: a C library, a second driver, a second TLS.
const BANNED: &[&str] = &["libpq-sys", "native-tls", "openssl-sys", "pq-sys", "sqlx-core"];

/// What lies beside `crates`, and where.
const NOT_UNDER_CRATES: &[(&str, &str)] = &[("ledger-fuzz", "fuzz"), ("ledger-torture", "torture")];

/// How the packages under `tests` end, each named after its folder. All that they know is a dev-dependency.
const TESTS: &str = "-tests";

/// A program that is a test itself.
const IS_A_TEST: &str = "ledger-torture";

/// The one crate that cannot forbid unsafe code: libFuzzer calls a function of C's.
const CALLED_FROM_C: &str = "ledger-fuzz";

/// The longest source file, in lines. Past it a file is more than one idea.
const MAX_LINES: usize = 400;

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .expect("cargo describes the workspace")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn names(package: &Package, kind: DependencyKind) -> BTreeSet<String> {
    let of_kind = package.dependencies.iter().filter(|one| one.kind == kind);
    of_kind.map(|one| one.name.clone()).collect()
}

/// The arrows that the table does not have.
fn wrong_arrows(from: &str, to: &BTreeSet<String>, house: &BTreeSet<String>) -> Vec<String> {
    let line = ARROWS.iter().find(|(name, _)| *name == from).map(|(_, to)| *to);
    let allowed = line.or_else(|| from.ends_with(TESTS).then_some([].as_slice()));
    let Some(allowed) = allowed else { return vec![format!("{from} has no line in the table")] };
    to.iter()
        .filter(|name| house.contains(*name) && !allowed.contains(&name.as_str()))
        .map(|name| format!("{from} -> {name}"))
        .collect()
}

#[test]
fn arrows_point_inward() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let house: BTreeSet<String> = packages.iter().map(|one| one.name.to_string()).collect();
    assert!(house.len() >= 20, "{house:?}");
    let wrong: Vec<String> = packages
        .iter()
        .flat_map(|one| wrong_arrows(&one.name, &names(one, DependencyKind::Normal), &house))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_wrong_arrow_is_seen() {
    let house: BTreeSet<String> =
        ["ledger-core", "ledger-port", "ledger-repository"].map(str::to_owned).into();
    let to = BTreeSet::from(["ledger-repository".to_owned(), "serde".to_owned()]);
    assert_eq!(wrong_arrows("ledger-port", &to, &house), ["ledger-port -> ledger-repository"]);
    assert_eq!(wrong_arrows("new-crate", &to, &house).len(), 1);
    assert!(wrong_arrows("ledger-adapter-server", &to, &house).is_empty());
    assert_eq!(wrong_arrows("web-tests", &to, &house).len(), 1);
}

#[test]
fn tests_helpers_stay_in_tests() {
    for package in metadata().workspace_packages() {
        if package.name.as_str() == IS_A_TEST {
            continue;
        }
        let normal = names(package, DependencyKind::Normal);
        for helper in [
            "ledger-testkit",
            "ledger-memory",
            "ledger-torture",
            "proptest",
            "source-testkit",
            "store-testkit",
        ] {
            assert!(!normal.contains(helper), "{} -> {helper}", package.name);
        }
    }
}

#[test]
fn only_the_core_and_the_tests_know_postgresql() {
    for package in metadata().workspace_packages() {
        if KNOW_POSTGRESQL.contains(&package.name.as_str()) {
            continue;
        }
        let normal = names(package, DependencyKind::Normal);
        let known: Vec<_> = DATABASE_CRATES.iter().filter(|name| normal.contains(**name)).collect();
        assert!(known.is_empty(), "{} knows {known:?}", package.name);
    }
}

#[test]
fn the_rules_do_no_io() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let core = packages.iter().find(|one| one.name.as_str() == "ledger-core").expect("it is there");
    let normal = names(core, DependencyKind::Normal);
    for outside in ["async-trait", "futures-util", "tokio"] {
        assert!(!normal.contains(outside), "ledger-core -> {outside}");
    }
    for (file, text) in sources(core) {
        for reading in ["Utc::now", "SystemTime", "std::fs", "std::net", "std::env", "async fn"] {
            assert!(!text.contains(reading), "{} has {reading}", file.display());
        }
    }
}

#[test]
fn nothing_below_us_is_banned() {
    let metadata = metadata();
    let found: Vec<_> = metadata
        .packages
        .iter()
        .filter(|one| BANNED.contains(&one.name.as_str()))
        .map(|one| one.name.to_string())
        .collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(metadata.packages.iter().any(|one| one.name.as_str() == "diesel"), "all are listed");
}

#[test]
fn every_crate_takes_versions_and_lints_from_the_workspace() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let manifest = fs::read_to_string(&package.manifest_path).expect("a manifest");
        let name = package.name.as_str();
        for line in ["version.workspace = true", "edition.workspace = true"] {
            assert!(manifest.contains(line), "{name}: {line}");
        }
        let takes_lints = manifest.contains("[lints]\nworkspace = true");
        assert!(takes_lints || name == CALLED_FROM_C, "{name}: lints");
        let dependencies = manifest.split("dependencies]").skip(1);
        for line in dependencies.flat_map(str::lines).filter(|line| line.contains('=')) {
            assert!(line.contains("workspace = true"), "{}: {line}", package.name);
        }
        let folder = package.manifest_path.parent().and_then(|path| path.file_name());
        let is_named_so = folder == Some(name)
            || folder.is_some() && folder == name.strip_suffix(TESTS)
            || NOT_UNDER_CRATES.iter().any(|(one, place)| *one == name && folder == Some(*place));
        assert!(is_named_so, "{name} lies in {folder:?}");
    }
    let workspace =
        fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
    assert!(workspace.contains("unsafe_code = \"forbid\""));
}

/// Every source file of a crate, with its text.
fn sources(package: &Package) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
    let holds_code = if package.name.ends_with(TESTS) { "" } else { "src" };
    let mut left = vec![folder.join(holds_code).into_std_path_buf()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("a text");
                files.insert(path, text);
            }
        }
    }
    assert!(!files.is_empty(), "{} has sources", package.name);
    files
}

/// The first line of a text that looks like SQL.
fn sql_in(text: &str) -> Option<&str> {
    text.lines().find(|line| {
        let line = line.trim_start();
        !line.starts_with("//")
            && (["INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE ", "TRUNCATE "]
                .iter()
                .any(|word| line.contains(word))
                || (line.contains("SELECT ") && line.contains(" FROM "))
                || (line.contains("UPDATE ") && line.contains(" SET ")))
    })
}

#[test]
fn sql_stands_in_one_place() {
    for package in metadata().workspace_packages() {
        let name = package.name.as_str();
        if KNOW_POSTGRESQL.contains(&name) || name.ends_with(TESTS) {
            continue;
        }
        for (file, text) in sources(package) {
            assert_eq!(sql_in(&text), None, "{}", file.display());
        }
    }
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let repository = packages.iter().find(|one| one.name.as_str() == "ledger-repository");
    let repository = sources(repository.expect("it is there"));
    assert!(repository.values().any(|text| sql_in(text).is_some()), "the check sees SQL");
}

#[test]
fn a_file_is_one_idea() {
    for package in metadata().workspace_packages() {
        for (file, text) in sources(package) {
            let is_generated = text.starts_with("// @generated");
            let lines = text.lines().count();
            assert!(is_generated || lines <= MAX_LINES, "{}: {lines} lines", file.display());
        }
    }
}
