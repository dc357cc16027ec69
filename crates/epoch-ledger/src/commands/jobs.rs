use app_container::Container;
use ledger_port::{Job, JobState, all_pages};
use serde_json::json;

use crate::cli::JobsCommand;
use crate::failure::Failure;
use crate::output::table;
use crate::session::Session;
use crate::views;

pub(super) async fn run(
    command: &JobsCommand,
    container: &Container,
    session: &Session,
) -> Result<(), Failure> {
    let queue = container.job_queue();
    match command {
        JobsCommand::List => {
            let jobs = all_pages(|page| queue.list_jobs(page)).await?;
            let json = json!({ "jobs": jobs.iter().map(views::job).collect::<Vec<_>>() });
            session.output.result(&json, || job_table(&jobs))
        }
        JobsCommand::Retry { job } => {
            let job = queue.retry_job(job).await?;
            session.output.result(&views::job(&job), || match &job.state {
                JobState::Running { worker, .. } => {
                    format!("{} runs already, by {worker}.", job.key)
                }
                _ => format!("{} is due now; the next free worker takes it.", job.key),
            })
        }
        JobsCommand::Cancel { job } => {
            let job = queue.cancel_job(job).await?;
            session.output.result(&views::job(&job), || {
                format!("{} is off the list until it is due again.", job.key)
            })
        }
    }
}

fn job_table(jobs: &[Job]) -> String {
    if jobs.is_empty() {
        return "There are no jobs yet; `epoch-ledger work` asks for them.".to_owned();
    }
    let row = |job: &Job| {
        let note = match (&job.state, &job.waits_for, &job.last_error) {
            (JobState::Running { worker, .. }, ..) => format!("by {worker}"),
            (_, Some(what), _) => format!("waits for {what}"),
            (_, None, Some(error)) => error.to_string(),
            (_, None, None) => String::new(),
        };
        vec![
            job.key.to_string(),
            job.state.as_str().to_owned(),
            job.attempts.to_string(),
            job.run_at.to_string(),
            note,
        ]
    };
    let header = ["job", "state", "attempts", "due", "note"];
    table(&header, &[2], jobs.iter().map(row).collect())
}
