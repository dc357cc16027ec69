//! One server for every process that asks.

use std::{collections::HashSet, fs, thread};

use private_postgres::{PrivatePostgres, Settings, Stopped};

use crate::{
    place::{Place, query, wait_until},
    user::User,
};

#[test]
fn a_second_user_joins_and_the_last_one_ends_the_server() {
    let place = Place::kept();
    let first = User::of(&place);
    let pid = place.running_pid();
    let second = User::of(&place);
    assert_eq!(place.running_pid(), pid);
    assert_eq!(first.url(), second.url());

    assert_eq!(first.stop(), "InUse");
    assert_eq!(second.query("SELECT 1"), "1");
    assert_eq!(second.stop(), "ServerStopped");
    assert_eq!(place.postmaster_pid(), None, "the server has stopped when stop returns");
    place.wait_until_deserted();
}

#[test]
fn two_uses_in_one_process_count_as_two() {
    let place = Place::kept();
    let first = PrivatePostgres::start(&place.settings).expect("start");
    let second = PrivatePostgres::start(&place.settings).expect("join");
    let url = second.connection_url(second.superuser(), "postgres");

    assert_eq!(first.stop().expect("stop"), Stopped::InUse);
    assert_eq!(query(second.bin_dir(), &url, "SELECT 1"), "1");
    drop(second);
    place.wait_until_deserted();
}

#[test]
fn a_server_has_the_memory_and_the_connections_that_were_asked_for() {
    let mut place = Place::kept();
    (place.settings.max_connections, place.settings.shared_buffers_mib) = (7, 24);
    let server = PrivatePostgres::start(&place.settings).expect("start");
    let url = server.connection_url(server.superuser(), "postgres");
    let shown =
        "SELECT current_setting('max_connections') || ' ' || current_setting('shared_buffers')";
    assert_eq!(query(server.bin_dir(), &url, shown), "7 24MB");
    drop(server);
    place.wait_until_deserted();
}

#[test]
fn eight_who_start_at_once_share_one_server() {
    let place = Place::kept();
    let users: Vec<User> = thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| User::of(&place))).collect();
        starts.into_iter().map(|start| start.join().expect("start")).collect()
    });
    let servers: HashSet<String> =
        users.iter().map(|user| user.query("SELECT pg_postmaster_start_time()")).collect();
    assert_eq!(servers.len(), 1, "{servers:?}");
    if cfg!(target_os = "linux") {
        wait_until("one watchdog waits for all", || !place.watchdogs().is_empty());
    }

    let stopped: Vec<String> = thread::scope(|scope| {
        let stops: Vec<_> = users.into_iter().map(|user| scope.spawn(|| user.stop())).collect();
        stops.into_iter().map(|stop| stop.join().expect("stop")).collect()
    });
    assert_eq!(stopped.iter().filter(|end| *end == "ServerStopped").count(), 1, "{stopped:?}");
    place.wait_until_deserted();
}

#[test]
fn many_who_come_and_go_never_meet_a_server_that_is_going() {
    let place = Place::new("state", |dir| Settings {
        linger: std::time::Duration::ZERO,
        ..Settings::throwaway(dir)
    });
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..2 {
                    let user = User::of(&place);
                    assert_eq!(user.query("SELECT 1"), "1");
                    user.finish();
                }
            });
        }
    });
    place.wait_until_deserted();
}

#[test]
fn a_durable_server_syncs_and_listens_to_no_network_and_holds_no_lock() {
    let place = Place::new("state", Settings::durable);
    let user = User::of(&place);
    let shown = user.query(
        "SELECT string_agg(current_setting(name), ',' ORDER BY name) FROM unnest(ARRAY['fsync', \
         'full_page_writes', 'listen_addresses', 'server_encoding', 'synchronous_commit', 'timezone']) AS name",
    );
    assert_eq!(shown, "on,on,,UTF8,on,UTC");

    if cfg!(target_os = "linux") {
        let files = open_files(place.running_pid());
        assert!(!files.is_empty());
        assert!(!files.iter().any(|file| file.ends_with(".lock")), "{files:?}");
    }
    user.stop();
}

fn open_files(pid: i32) -> Vec<String> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).expect("list").flatten();
    files
        .filter_map(|file| fs::read_link(file.path()).ok())
        .map(|target| target.to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_path_too_long_for_a_socket_has_it_elsewhere() {
    let place = Place::new(&"long".repeat(30), |dir| Settings {
        durability: private_postgres::Durability::Fast,
        ..Settings::durable(dir)
    });
    let first = User::of(&place);
    // One who joins with other temporary directories goes where the server is.
    let second = User::with(&place, |user| {
        user.env("TMPDIR", "/nowhere").env("XDG_RUNTIME_DIR", "/nowhere");
    });
    assert_eq!(first.url(), second.url());
    assert_eq!(second.query("SELECT 1"), "1");

    let server = PrivatePostgres::start(&place.settings).expect("join");
    let socket_dir = server.socket_dir().to_owned();
    assert!(!socket_dir.starts_with(&place.settings.state_dir), "{socket_dir:?}");
    first.stop();
    second.stop();
    assert_eq!(server.stop().expect("stop"), Stopped::ServerStopped);
    assert!(!socket_dir.exists(), "the directory elsewhere goes with the server");

    // A directory there that others may write to is not used.
    fs::create_dir(&socket_dir).expect("make");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&socket_dir, open).expect("open up");
    let refused = PrivatePostgres::start(&place.settings).expect_err("not private");
    assert!(refused.to_string().contains(socket_dir.to_str().expect("text")), "{refused}");
    fs::remove_dir_all(&socket_dir).expect("remove");
    place.wait_until_deserted();
}
