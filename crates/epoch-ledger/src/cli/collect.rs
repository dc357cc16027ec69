//! `collect`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

const NDJSON_EXAMPLE: &str = "\
Each line is one event (docs/activity-event.schema.json has the whole form):
  {\"id\": \"workshop:2026-11-17:ada\", \"source\": \"workshop\", \"event_type\": \"session_held\",
   \"platform_user_id\": \"ada@example.org\", \"event_time\": \"2026-11-17T10:00:00Z\",
   \"metadata\": {\"guests\": 12}}
on a single line. The id is the fact: the same id is stored once. What it earns is the weight of
workshop:session_held, who is paid is what `identity bind workshop ada@example.org ada` says.

  epoch-ledger collect ndjson workshops.ndjson
  curl --silent https://example.org/events | epoch-ledger collect ndjson -";

const GITHUB_EXAMPLE: &str = "\
What is read, and what the weights call it:
  github:pr_merged          a pull request was merged; of who opened it
  github:review_submitted   a review; of the reviewer, and never of who opened the pull request
  github:issue_closed       an issue was closed as done; of who opened it
  github:issue_dismissed    an issue was closed as not planned or as a duplicate
  github:issue_commented    a comment on an issue or a pull request
  github:release_published  a release; of who published it

People are known by their numbers (https://api.github.com/users/ada says \"id\"), which no rename
changes; those of another --api have its host beside them, as in 7@git.example.org. Without a token
only what is public is read, and GitHub answers 60 requests an hour.

  epoch-ledger epoch open --week 2026-W47 --weight github:pr_merged=5000
  GITHUB_TOKEN=… epoch-ledger collect github acme/orchard acme/docs
  epoch-ledger identity bind github 583231 ada";

const ARCHIVE_EXAMPLE: &str = "\
GH Archive (https://www.gharchive.org) keeps what GitHub told in public, an hour in a file:
  curl --remote-name https://data.gharchive.org/2025-09-14-{0..23}.json.gz

The events are those of `collect github`, with the same ids, so that what was collected by either
is not stored again by the other. A file that was read to its end is not read again; a broken line
is told and left out, and a file that is cut short is read up to there. From 2015 on; since October
2025 GitHub leaves out who opened a pull request, so merged pull requests and reviews of later hours
are left out, and told.

  epoch-ledger collect gharchive --repos acme/orchard,acme/docs 2025-09-14-*.json.gz
  zcat 2025-09-14-12.json.gz | grep '\"acme/' | epoch-ledger collect gharchive --orgs acme -";

const CSV_EXAMPLE: &str = "\
With a file whose header is `Nr,Who,When,Points`:
  epoch-ledger collect csv workshops.csv --set source=workshop --set event_type=session_held \\
    --map id=Nr --map platform_user_id=Who --map event_time=When --map metadata.points=Points

Fields: id, source, event_type, platform_user_id and event_time (2026-11-17T10:00:00Z) are needed;
platform_login, artifact_url, producer, producer_version and metadata.NAME may be. The id is the
fact: the same id is stored once. A column that is called as a field needs no --map.";

#[derive(Debug, Subcommand)]
pub(crate) enum CollectCommand {
    /// Read the commits of a git repository
    Git(GitArguments),
    /// Read pull requests, reviews, issues, comments and releases from GitHub
    #[command(after_long_help = GITHUB_EXAMPLE)]
    Github(GithubArguments),
    /// Read the same from files of GH Archive
    #[command(after_long_help = ARCHIVE_EXAMPLE)]
    Gharchive(ArchiveArguments),
    /// Read events from a file with one JSON object on each line
    #[command(after_long_help = NDJSON_EXAMPLE)]
    Ndjson(NdjsonArguments),
    /// Read events from a CSV file with a header
    #[command(after_long_help = CSV_EXAMPLE)]
    Csv(CsvArguments),
}

#[derive(Debug, Args)]
pub(crate) struct GitArguments {
    /// The repository: its folder, one inside it, or a bare one
    pub(crate) path: PathBuf,
    /// The branch to read [default: the one HEAD is on]
    #[arg(long)]
    pub(crate) branch: Option<String>,
    /// What to call the repository in event ids [default: from its remote, or its folder]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Leave out who has this email or name ('*' for any text); may be given more than once
    #[arg(long, value_name = "PATTERN")]
    pub(crate) bot: Vec<String>,
    /// Collect it although its history was collected under another name
    ///
    /// Commits get new ids under a new name, so those that were collected before are paid again.
    /// Without this, such a repository is refused; `--name` goes on under the old name.
    #[arg(long)]
    pub(crate) pay_shared_history: bool,
    /// Where the books begin: older commits are left out [default: the ledger's first window]
    ///
    /// A commit from after this moment and before the open epoch that was never collected is a
    /// late arrival: it is paid in the open epoch.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<ledger_core::Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct GithubArguments {
    /// The repositories, in any case; a former name is understood
    #[arg(value_name = "OWNER/NAME", required_unless_present = "organization")]
    pub(crate) repositories: Vec<String>,
    /// Read all repositories of an organization that the token can see
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// The environment variable that holds the token [default: GITHUB_TOKEN, where it
    /// is set and --api is not given]
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) token_env: Option<String>,
    /// Where the REST API is [default: that of github.com]
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// Leave out who has this login ('*' for any text), besides bots; may be given more than once
    #[arg(long, value_name = "PATTERN")]
    pub(crate) bot: Vec<String>,
    /// Where the books begin: what happened earlier is left out [default: the ledger's first window]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<ledger_core::Timestamp>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").args(["repos", "orgs", "all"]).required(true).multiple(true))]
pub(crate) struct ArchiveArguments {
    /// The files (*.json.gz or not compressed), folders of them, or `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Whose events: OWNER/NAME as it was called then, or the repository's number
    #[arg(long, value_name = "REPOSITORY,…", value_delimiter = ',')]
    pub(crate) repos: Vec<String>,
    /// All repositories of these owners
    #[arg(long, value_name = "OWNER,…", value_delimiter = ',')]
    pub(crate) orgs: Vec<String>,
    /// All repositories of GitHub; what is recorded stays, so this must be said
    #[arg(long, conflicts_with_all = ["repos", "orgs"])]
    pub(crate) all: bool,
    /// Leave out who has this login ('*' for any text), besides bots; may be given more than once
    #[arg(long, value_name = "PATTERN")]
    pub(crate) bot: Vec<String>,
    /// Where the books begin: what happened earlier is left out [default: the ledger's first window]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<ledger_core::Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct NdjsonArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CsvArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,
    /// Which column is a field of an event; may be given more than once
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = field_and_text)]
    pub(crate) map: Vec<(String, String)>,
    /// What a field is on every row; may be given more than once
    #[arg(long, value_name = "FIELD=VALUE", value_parser = field_and_text)]
    pub(crate) set: Vec<(String, String)>,
}

fn field_and_text(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, text)) if !field.is_empty() && !text.is_empty() => {
            Ok((field.to_owned(), text.to_owned()))
        }
        _ => Err("write it as id=Nr".to_owned()),
    }
}

/// What is said about any file of events.
#[derive(Debug, Args)]
pub(crate) struct FileArguments {
    /// The file; `-` for standard input
    pub(crate) file: PathBuf,
    /// Under what name to remember how far it was read [default: its path]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Leave faulty lines out, and say which, instead of refusing the whole file
    #[arg(long)]
    pub(crate) skip_invalid: bool,
    /// Where the books begin: older events are left out [default: the ledger's first window]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<ledger_core::Timestamp>,
}
