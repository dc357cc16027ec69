//! Root, who hands the server over, and the ordinary user, who does not.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    process::Command,
};

use nix::unistd::{Uid, User as Account};
use private_postgres::{PrivatePostgres, PrivatePostgresError};

use crate::{
    place::{Place, open_temp_dir},
    user::User,
};

const AS_ORDINARY_USER: [&str; 6] = [
    "accounts::the_server_never_runs_as_root",
    "accounts::a_directory_closed_to_the_server_is_named",
    "damage::a_killed_server_starts_again_with_its_data",
    "ending::a_user_that_is_killed_or_terminated_or_returns_takes_the_server_along",
    "ending::a_throwaway_lingers_for_the_next_user_and_is_gone_afterwards",
    "sharing::a_path_too_long_for_a_socket_has_it_elsewhere",
];

#[test]
fn the_server_never_runs_as_root() {
    let place = Place::kept();
    let user = User::of(&place);
    let owner = fs::metadata(place.path("data")).expect("read").uid();
    assert_ne!(owner, 0);
    if !Uid::effective().is_root() {
        assert_eq!(owner, Uid::effective().as_raw());
    }
    for (pid, line) in place.processes() {
        let runs_as = fs::metadata(format!("/proc/{pid}")).map_or(owner, |process| process.uid());
        assert_eq!(runs_as, owner, "{line}");
    }
    user.stop();
}

#[test]
fn a_directory_closed_to_the_server_is_named() {
    let closed = open_temp_dir();
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).expect("close");
    let mut place = Place::kept();
    place.settings.state_dir = closed.path().join("state");
    match PrivatePostgres::start(&place.settings) {
        Ok(server) => {
            assert!(!Uid::effective().is_root(), "only its owner passes through that directory");
            server.stop().expect("stop");
        }
        Err(PrivatePostgresError::CannotEnter { dir, account }) => {
            assert!(Uid::effective().is_root(), "{account} owns that directory");
            assert_eq!(dir, closed.path());
            assert!(!place.settings.state_dir.exists(), "nothing is left");
        }
        Err(other) => panic!("another error: {other}"),
    }
}

/// As root, once more as the owner of the directory: root joins that user's server.
#[test]
fn root_uses_the_server_of_another_user_as_that_user() {
    let Some(nobody) = other_account() else { return };
    let place = Place::kept();
    fs::create_dir(&place.settings.state_dir).expect("make");
    let (uid, gid) = (nobody.uid.as_raw(), nobody.gid.as_raw());
    std::os::unix::fs::chown(&place.settings.state_dir, Some(uid), Some(gid)).expect("hand over");

    let user = User::of(&place);
    assert_eq!(fs::metadata(place.path("data")).expect("read").uid(), uid);
    assert_eq!(fs::metadata(place.path("users.lock")).expect("read").uid(), uid);
    user.stop();
}

/// What differs most for an ordinary user, once more as one. Where this is run by an ordinary user,
/// that is all of it already.
#[test]
fn it_holds_for_an_ordinary_user_too() {
    let Some(nobody) = other_account() else { return };
    // The binary may lie where only root can read it.
    let dir = open_temp_dir();
    let copy = dir.path().join("lifecycle");
    fs::copy(env::current_exe().expect("this binary"), &copy).expect("copy");

    let output = Command::new(copy)
        .args(AS_ORDINARY_USER)
        .current_dir(dir.path())
        .uid(nobody.uid.as_raw())
        .gid(nobody.gid.as_raw())
        .env("HOME", dir.path())
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .expect("run the copy");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(&format!(" {} passed", AS_ORDINARY_USER.len())), "{text}");
}

/// An account to become. Only root can, and an ordinary user's run needs no second one.
fn other_account() -> Option<Account> {
    Uid::effective().is_root().then(|| {
        Account::from_name("nobody")
            .expect("read the accounts")
            .expect("root has `nobody` beside it")
    })
}
