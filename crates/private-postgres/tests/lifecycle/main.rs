//! The private server from its first start to its end, with every kind of user.
//!
//! Users are processes: this test binary started again (`user.rs`), so that they can be killed. As
//! root, the whole binary also runs once more as an ordinary user.

mod accounts;
mod damage;
mod ending;
mod place;
mod refusals;
mod sharing;
mod user;
