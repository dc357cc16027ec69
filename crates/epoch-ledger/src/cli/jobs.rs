//! `work`, `jobs`, `sources`.

use std::net::SocketAddr;

use clap::{Args, Subcommand};
use ledger_core::WorkerName;
use ledger_port::JobKey;

use super::ConfigArgument;

const WORK_AFTER_HELP: &str = "\
Any number of workers may run, on any number of machines, on one database. Ctrl-C or SIGTERM
stops one: the page in hand is finished and the rest is given back. One that is killed loses its
jobs to the others within a minute, and nothing is stored or paid twice.

What it does is in its log, in `jobs list` and in `sources status`; with --metrics 127.0.0.1:9464
a monitoring system reads the same at http://127.0.0.1:9464/metrics. Closing and paying is left
to people:
  epoch-ledger epoch list
  epoch-ledger epoch close 1";

#[derive(Debug, Args)]
#[command(after_long_help = WORK_AFTER_HELP)]
pub(crate) struct WorkArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArgument,
    /// What `jobs list` calls this worker [default: the host's name and the process]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<WorkerName>,
    /// Where to answer a monitoring system (Prometheus), at /metrics [default: nowhere]
    #[arg(long, value_name = "ADDRESS:PORT", env = "EPOCH_LEDGER_METRICS")]
    pub(crate) metrics: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List the jobs of every ledger: what waits, what runs, what was set aside and why
    List,
    /// Make a job due now, with all its attempts before it
    Retry {
        /// Which one, as `jobs list` names it, such as default/collect-source/main
        job: JobKey,
    },
    /// Take a job off the list until it is due again; a worker that has it drops it
    Cancel {
        /// Which one, as `jobs list` names it, such as default/collect-source/main
        job: JobKey,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourcesCommand {
    /// What each configured source last did, how far behind it is, and what it waits for
    Status {
        #[command(flatten)]
        config: ConfigArgument,
    },
}
