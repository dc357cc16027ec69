//! The short form of every torture.

use ledger_torture::{Extent, TORTURES, Torture};
use tokio::sync::Mutex;

/// The tests' dice. Long runs throw others.
const SEED: u64 = 2_026;

/// One at a time: a torture that measures waits must not wait for another one's processes.
static TURN: Mutex<()> = Mutex::const_new(());

async fn short(name: &str) {
    let _turn = TURN.lock().await;
    let torture = Torture::named(name).expect("there is such a torture");
    let extent = Extent::short(SEED).played_by(env!("CARGO_BIN_EXE_ledger-torture"));
    match torture.run(&extent).await {
        Ok(report) => println!("{name} (seed {SEED})\n{report}"),
        Err(failure) => panic!("{failure}\nagain: just torture {name} --short --seed {SEED}"),
    }
}

macro_rules! short_forms {
    ($($name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                short(stringify!($name)).await;
            }
        )+

        #[test]
        fn every_torture_has_its_short_form_here() {
            let names: Vec<&str> = TORTURES.iter().map(|torture| torture.name).collect();
            assert_eq!(names, [$(stringify!($name)),+]);
        }
    };
}

/// A torture for which there is no fault could be one that cannot fail.
#[test]
fn every_torture_has_a_fault_that_it_finds() {
    let faults = include_str!("../faults.txt").lines().filter(|line| !line.starts_with('#'));
    let found: Vec<&str> = faults.filter_map(|line| line.split(' ').nth(1)).collect();
    let names: Vec<&str> = TORTURES.iter().map(|torture| torture.name).collect();
    assert_eq!(found, names);
}

short_forms!(model, races, crashes, wire, exhaustion, upgrade, input);
