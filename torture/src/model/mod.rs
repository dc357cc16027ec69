//! Random commands on PostgreSQL and on the memory store, compared after each.

use private_postgres::Durability;

use crate::ground::Ground;
use crate::{Extent, Outcome, Report};

pub(crate) async fn run(_extent: &Extent) -> Outcome<Report> {
    let _ground = Ground::start(Durability::Fast).await?;
    Ok(Report::new())
}
