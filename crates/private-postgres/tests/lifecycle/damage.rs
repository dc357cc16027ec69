//! What crashes leave behind, and how the next start copes.

use std::fs;

use private_postgres::{PrivatePostgres, PrivatePostgresError, Settings};

use crate::{
    place::{Place, is_alive, wait_until},
    user::User,
};

#[test]
fn a_killed_server_starts_again_with_its_data() {
    let place = Place::new("state", Settings::durable);
    let user = User::of(&place);
    user.query("CREATE TABLE kept AS SELECT 42 AS answer");
    let first_pid = place.running_pid();
    place.kill_server();

    // At once: its children are still there. The other user has not even noticed.
    let second = User::of(&place);
    assert_ne!(place.running_pid(), first_pid);
    assert_eq!(second.query("SELECT answer FROM kept"), "42");
    assert_eq!(user.query("SELECT answer FROM kept"), "42");
    assert_eq!(user.stop(), "InUse");
    assert_eq!(second.stop(), "ServerStopped");
    place.wait_until_deserted();
}

#[test]
fn a_server_killed_before_its_last_user_is_no_hindrance() {
    let place = Place::kept();
    let user = User::of(&place);
    let pid = place.running_pid();
    place.kill_server();
    wait_until("the server is gone", || !is_alive(pid));
    assert_eq!(user.stop(), "ServerStopped");
    place.wait_until_deserted();
    assert_eq!(User::of(&place).stop(), "ServerStopped");
}

#[test]
fn the_remains_of_an_initdb_are_cleared_away() {
    let place = Place::kept();
    // The first start makes the directory the server's own; then it is as if only half had been made.
    User::of(&place).stop();
    fs::rename(place.path("data"), place.path("data.new")).expect("move");
    fs::remove_file(place.path("data.new/PG_VERSION")).expect("remove");

    let user = User::of(&place);
    assert_eq!(user.query("SELECT 1"), "1");
    assert!(!place.path("data.new").exists());
    user.stop();
}

/// After a restart of the machine or the container, process numbers begin again.
#[test]
fn a_pid_file_that_names_a_stranger_is_not_believed() {
    let place = Place::kept();
    User::of(&place).stop();
    let text = format!(
        "{}\n{}\n1763940000\n5432\n{}\n\n\nready\n",
        std::process::id(),
        place.path("data").display(),
        place.path("socket").display(),
    );
    fs::write(place.path("data/postmaster.pid"), text).expect("write");
    if cfg!(target_os = "linux") {
        assert_eq!(User::of(&place).stop(), "ServerStopped");
    }
}

#[test]
fn data_that_cannot_be_started_is_explained_by_its_log() {
    let place = Place::kept();
    User::of(&place).stop();
    fs::remove_file(place.path("data/global/pg_control")).expect("damage");

    let refused = PrivatePostgres::start(&place.settings).expect_err("damaged");
    let PrivatePostgresError::Failed { log, tail, .. } = &refused else {
        panic!("another error: {refused}");
    };
    assert_eq!(*log, place.path("server.log"));
    assert!(tail.contains("pg_control"), "{tail}");
    let text = refused.to_string();
    assert!(text.contains("server.log") && text.contains("pg_control"), "{text}");
    place.wait_until_deserted();
}
