//! However its users end, the server ends after them.

use std::{fs, thread, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use private_postgres::{PrivatePostgres, Settings, Stopped};

use crate::{
    place::{Place, is_alive, open_temp_dir, wait_until},
    user::{User, pid_of, spawn},
};

#[test]
fn a_user_that_is_killed_or_terminated_or_returns_takes_the_server_along() {
    let place = Place::kept();
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let user = User::of(&place);
        place.running_pid();
        user.signal(signal);
        place.wait_until_deserted();
    }
    User::of(&place).finish();
    place.wait_until_deserted();
}

#[test]
fn ctrl_c_ends_the_one_who_sits_there_and_not_the_server_of_others() {
    let place = Place::kept();
    let first = User::of(&place);
    let pid = place.running_pid();
    let second = User::of(&place);
    first.interrupt_group();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(second.query("SELECT 1"), "1");
    assert_eq!(place.running_pid(), pid);
    second.interrupt_group();
    place.wait_until_deserted();
}

#[test]
fn a_user_killed_amid_a_start_leaves_nothing_that_runs_or_is_in_the_way() {
    let place = Place::kept();
    kill_once("initdb has begun", &place, || place.path("data.new").exists());
    // The next one comes at once, while that initdb still runs.
    assert_eq!(User::of(&place).stop(), "ServerStopped");
    assert!(!place.path("data.new").exists());
    place.wait_until_deserted();

    kill_once("the server has begun", &place, || place.postmaster_pid().is_some());
    place.wait_until_deserted();
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_watchdog_is_replaced_by_the_next_user() {
    let place = Place::kept();
    let first = User::of(&place);
    wait_until("the watchdog waits", || place.watchdogs().len() == 1);
    for pid in place.watchdogs() {
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("kill the watchdog");
    }
    wait_until("the watchdog is gone", || place.watchdogs().is_empty());

    let second = User::of(&place);
    wait_until("another watchdog waits", || place.watchdogs().len() == 1);
    first.signal(Signal::SIGKILL);
    second.signal(Signal::SIGKILL);
    place.wait_until_deserted();
}

#[test]
fn a_throwaway_lingers_for_the_next_user_and_is_gone_afterwards() {
    let place = throwaway(Duration::from_secs(1));
    let first = PrivatePostgres::start(&place.settings).expect("start");
    let pid = place.running_pid();
    assert_eq!(first.stop().expect("stop"), Stopped::Lingering);
    let second = PrivatePostgres::start(&place.settings).expect("join");
    assert_eq!(place.running_pid(), pid);

    drop(second);
    place.wait_until_deserted();
    assert!(!is_alive(pid));
    assert_emptied(&place);

    // And the directory serves again.
    let third = PrivatePostgres::start(&place.settings).expect("start anew");
    drop(third);
    place.wait_until_deserted();
    assert_emptied(&place);
}

#[test]
fn a_throwaway_is_gone_when_its_last_user_has_stopped_it() {
    let place = throwaway(Duration::ZERO);
    assert_eq!(User::of(&place).stop(), "ServerStopped");
    assert!(!place.settings.state_dir.exists());
    place.wait_until_deserted();
}

/// As where a package is removed, or gives way to the next version, while its server runs.
#[test]
fn a_server_whose_programs_are_removed_ends_with_its_last_user() {
    let other = Place::kept();
    let installed = PrivatePostgres::start(&other.settings).expect("start");
    for linger in [Duration::ZERO, Duration::from_secs(1)] {
        let programs = open_temp_dir();
        for name in ["initdb", "pg_ctl", "postgres"] {
            fs::copy(installed.bin_dir().join(name), programs.path().join(name)).expect("copy");
        }
        let mut place = throwaway(linger);
        place.settings.bin_dir = Some(programs.path().to_owned());
        let user = PrivatePostgres::start(&place.settings).expect("start");
        let pid = place.running_pid();
        programs.close().expect("remove");
        drop(user);
        place.wait_until_deserted();
        assert!(!is_alive(pid));
        assert_emptied(&place);
    }
}

fn kill_once(what: &str, place: &Place, condition: impl Fn() -> bool) {
    let mut user = spawn(&place.settings, |_| {});
    wait_until(what, condition);
    kill(pid_of(&user), Signal::SIGKILL).expect("kill");
    user.wait().expect("wait");
}

fn throwaway(linger: Duration) -> Place {
    Place::new("state", |dir| Settings { linger, ..Settings::throwaway(dir) })
}

/// Gone, or empty where the parent belongs to another user: as root it belongs to root.
fn assert_emptied(place: &Place) {
    let left = place.settings.state_dir.read_dir().map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left in the state directory");
    let is_root = nix::unistd::Uid::effective().is_root();
    assert!(is_root || !place.settings.state_dir.exists());
}
