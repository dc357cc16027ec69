//! What is refused, and what the error says to do.

use std::fs;

use private_postgres::{Durability, PrivatePostgres, PrivatePostgresError, Settings};

use crate::{
    place::{Place, open_temp_dir},
    user::User,
};

fn refusal(settings: &Settings) -> PrivatePostgresError {
    PrivatePostgres::start(settings).expect_err("this should be refused")
}

#[test]
fn missing_binaries_say_what_to_install_and_leave_nothing() {
    let place = Place::kept();
    let empty = open_temp_dir();
    let settings = Settings { bin_dir: Some(empty.path().to_owned()), ..place.settings.clone() };
    let text = refusal(&settings).to_string();
    assert!(text.contains(empty.path().to_str().expect("text")), "{text}");
    assert!(text.contains("apt-get install postgresql"), "{text}");
    assert!(!place.settings.state_dir.exists());
}

#[test]
fn data_is_used_only_as_what_it_was_made_and_by_its_version() {
    let place = Place::kept();
    User::of(&place).stop();

    let throwaway = Settings::throwaway(&place.settings.state_dir);
    assert!(matches!(refusal(&throwaway), PrivatePostgresError::MadeOtherwise { .. }));
    let durable = Settings { durability: Durability::Durable, ..place.settings.clone() };
    let text = refusal(&durable).to_string();
    assert!(text.contains("made as fast, kept, and is asked for as durable, kept"), "{text}");

    fs::write(place.path("data/PG_VERSION"), "9\n").expect("write");
    let text = refusal(&place.settings).to_string();
    assert!(text.contains("PostgreSQL 9 is needed for"), "{text}");

    fs::remove_file(place.path("data/PG_VERSION")).expect("remove");
    assert!(matches!(refusal(&place.settings), PrivatePostgresError::NotACluster { .. }));
    place.wait_until_deserted();
    assert!(place.path("data/global").exists());
}

#[test]
fn a_directory_with_other_things_in_it_is_left_alone() {
    let place = Place::kept();
    fs::create_dir(&place.settings.state_dir).expect("make");
    fs::write(place.path("letter"), "dear").expect("write");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&place.settings.state_dir, open).expect("open up");
    assert!(matches!(refusal(&place.settings), PrivatePostgresError::NotPrivate { .. }));
    assert_eq!(place.settings.state_dir.read_dir().expect("list").count(), 1);
}
