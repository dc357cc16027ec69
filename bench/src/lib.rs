//! What the conductor and those who are measured share.
//!
//! The conductor (`main.rs`) starts a private PostgreSQL with default durability, gives each peer a
//! database in the same state, and lets them work in turns. A peer (`peers/`) is a program that gets
//! ready, and does each act when it is told to ([`stage`]) with the same data as all others ([`data`]).
//!
//! To add a hot path: a [`stage::Work`], what the peers do for it, and its row in `paths.rs`. To add a
//! peer: a program in `peers/`, and its name in the rows it takes part in.

pub mod data;
pub mod stage;
