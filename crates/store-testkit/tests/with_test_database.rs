//! The command that lends a migrated database to another one.

use std::process::Command;

fn with_test_database(words: &[&str]) -> (Option<i32>, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_with-test-database"))
        .args(words)
        .output()
        .expect("the command starts");
    (run.status.code(), String::from_utf8_lossy(&run.stdout).into_owned())
}

#[test]
fn it_names_the_database_and_ends_as_the_command_does() {
    let (code, said) = with_test_database(&["sh", "-c", "echo $DATABASE_URL; exit 3"]);
    assert_eq!(code, Some(3));
    assert!(said.starts_with("postgres://") && said.contains("/test_"), "{said}");
    assert_eq!(with_test_database(&[]).0, Some(2));
    assert_eq!(with_test_database(&["no-such-program-anywhere"]).0, Some(127));
}
