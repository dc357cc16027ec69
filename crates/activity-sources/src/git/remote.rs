//! A remote's URL, taken apart into what may be shown: host and path, never a credential.

use std::fmt::Write as _;
use std::path::Path;

use crate::text::{bounded, printable};

/// The longest repository name, in bytes. Event ids hold it, and they have room for 512.
pub(super) const MAX_NAME_BYTES: usize = 160;

/// Forges whose owner and repository names do not depend on case, and where they show a commit.
const FORGES: &[(&str, &str)] = &[
    ("github.com", "/commit/"),
    ("gitlab.com", "/-/commit/"),
    ("codeberg.org", "/commit/"),
    ("bitbucket.org", "/commits/"),
    ("git.sr.ht", "/commit/"),
];

/// Other names of the same hosts, which SSH setups use.
const ALIASES: &[(&str, &str)] = &[
    ("www.github.com", "github.com"),
    ("ssh.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];

/// What a repository is called, and where a commit of it can be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// `host/owner/repo`, or a directory's name.
    pub(super) name: String,
    /// What stands before the commit's id in its link, on a known forge.
    link: Option<String>,
}

impl Place {
    /// The repository that a remote's URL names.
    pub(super) fn of_url(url: &str) -> Self {
        let (host, path) = host_and_path(url);
        Self::of_parts(&host, &path)
    }

    /// The repository without a remote that lies in this directory.
    pub(super) fn of_directory(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let name = printable(name.strip_suffix(".git").unwrap_or(&name));
        let name = if name.is_empty() { "repository".to_owned() } else { name };
        Self { name: bounded(name, MAX_NAME_BYTES), link: None }
    }

    /// The repository that is called so.
    pub(super) fn named(name: &str) -> Self {
        let (host, path) = name.split_once('/').unwrap_or(("", name));
        let link = Self::of_parts(&host.to_lowercase(), path).link;
        Self { name: name.to_owned(), link }
    }

    /// The same, with the link of `other` where it has none of its own.
    pub(super) fn or_link_of(self, other: &Self) -> Self {
        Self { link: self.link.or_else(|| other.link.clone()), ..self }
    }

    /// Where one can look at a commit.
    pub(super) fn commit_url(&self, commit: &str) -> Option<String> {
        self.link.as_ref().map(|link| format!("{link}{commit}"))
    }

    fn of_parts(host: &str, path: &str) -> Self {
        let mut path = clean_path(path);
        let forge = FORGES.iter().find(|(name, _)| *name == host).filter(|_| path.contains('/'));
        if forge.is_some() {
            path = path.to_lowercase();
        }
        let link = forge.map(|(host, show)| format!("https://{host}/{}{show}", encoded(&path)));
        let whole = format!("{host}/{path}");
        let name = bounded(printable(whole.trim_matches('/')), MAX_NAME_BYTES);
        Self { name, link }
    }
}

/// Host and path of a URL, of the scp-like `user@host:path`, or of a local path (which has no host,
/// and of which only the last part is the same on every machine).
///
/// Everything before the last `@` is dropped, even where that is more than a credential: a password
/// may hold any character, and showing half of one is worse than a shorter name.
fn host_and_path(url: &str) -> (String, String) {
    let (scheme, rest) = url.trim().split_once("://").unwrap_or(("", url.trim()));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = match scheme {
        "" => split_scp(rest),
        "file" => ("", rest),
        _ => rest.split_once('/').unwrap_or((rest, "")),
    };
    let host = without_port(host).trim_end_matches('.').to_lowercase();
    if host.is_empty() {
        return (host, last_part(path).to_owned());
    }
    let alias = ALIASES.iter().find(|(alias, _)| *alias == host);
    (alias.map_or(host, |(_, same)| (*same).to_owned()), path.to_owned())
}

/// `host:path`. A slash before the colon, or a drive letter, makes it a local path.
fn split_scp(text: &str) -> (&str, &str) {
    let bracket = if text.starts_with('[') { text.find(']').unwrap_or(0) } else { 0 };
    match text[bracket..].find(':').map(|at| (&text[..bracket + at], &text[bracket + at + 1..])) {
        Some((host, path)) if host.len() > 1 && !host.contains(['/', '\\']) => (host, path),
        _ => ("", text),
    }
}

fn without_port(host: &str) -> &str {
    match host.find(']') {
        Some(bracket) if host.starts_with('[') => &host[..=bracket],
        _ => host.split(':').next().unwrap_or_default(),
    }
}

fn last_part(path: &str) -> &str {
    let mut parts =
        path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".." | ".git"));
    parts.next_back().unwrap_or_default()
}

/// The path without empty parts and without `.git` at its end.
fn clean_path(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = parts.join("/");
    path.strip_suffix(".git").unwrap_or(&path).trim_end_matches('/').to_owned()
}

/// The path as a link may hold it: everything unusual as `%XX`.
fn encoded(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes any text");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{MAX_NAME_BYTES, Place};

    #[test]
    fn every_way_to_write_a_remote_gives_one_name() {
        for (url, name) in [
            ("https://github.com/Owner/Repo.git", "github.com/owner/repo"),
            ("https://GitHub.com/Owner/Repo/", "github.com/owner/repo"),
            ("git@github.com:Owner/Repo.git", "github.com/owner/repo"),
            ("ssh://git@github.com:22/owner/repo.git", "github.com/owner/repo"),
            ("ssh://git@ssh.github.com:443/owner/repo", "github.com/owner/repo"),
            ("git://github.com/owner/repo?x=1#y", "github.com/owner/repo"),
            ("git@git.sr.ht:~User/Repo", "git.sr.ht/~user/repo"),
            ("https://git.example.org:8443/Group/Sub/Repo.git", "git.example.org/Group/Sub/Repo"),
            ("git@[::1]:Owner/Repo", "[::1]/Owner/Repo"),
            ("ssh://git@[::1]:2222/Owner/Repo", "[::1]/Owner/Repo"),
            ("/srv/git/Project.git", "Project"),
            ("../Project", "Project"),
            ("file:///srv/git/Project.git/", "Project"),
            ("C:\\git\\Project", "Project"),
        ] {
            assert_eq!(Place::of_url(url).name, name, "{url}");
        }
    }

    #[test]
    fn no_credential_survives() {
        for url in [
            "https://user:s3cret@github.com/owner/repo.git",
            "https://s3cret@github.com/owner/repo",
            "https://user:s3cret/s3cret@github.com/owner/repo",
            "https://user:s3cret@s3cret@github.com/owner/repo",
            "https://user:s3cret?s3cret@github.com/owner/repo",
            "https://user:s3cret#s3cret@github.com/owner/repo",
            "user:s3cret@github.com:owner/repo",
            "https://github.com/owner/repo?token=s3cret",
            "https://user:s3cret@/owner/repo",
        ] {
            let place = Place::of_url(url);
            assert!(!format!("{place:?}").contains("s3cret"), "{url}: {place:?}");
        }
    }

    #[test]
    fn only_known_forges_have_links() {
        let link = |url: &str| Place::of_url(url).commit_url("abc");
        assert_eq!(
            link("https://gitlab.com/G/Sub/R.git").as_deref(),
            Some("https://gitlab.com/g/sub/r/-/commit/abc")
        );
        assert_eq!(
            link("git@bitbucket.org:o/r").as_deref(),
            Some("https://bitbucket.org/o/r/commits/abc")
        );
        assert_eq!(
            link("https://codeberg.org/o/r ü").as_deref(),
            Some("https://codeberg.org/o/r%20%C3%BC/commit/abc")
        );
        assert_eq!(link("https://git.example.org/o/r"), None);
        assert_eq!(link("https://github.com/"), None);
        let named = Place::named("github.com/o/r");
        assert_eq!(named.commit_url("abc").as_deref(), Some("https://github.com/o/r/commit/abc"));
        let renamed = Place::named("tools").or_link_of(&Place::of_url("git@github.com:o/r"));
        assert_eq!(renamed.name, "tools");
        assert_eq!(renamed.commit_url("abc").as_deref(), Some("https://github.com/o/r/commit/abc"));
    }

    #[test]
    fn a_directory_without_a_name_has_one() {
        for (path, name) in
            [("/srv/a@b:c.git", "a@b:c"), ("/", "repository"), ("/.git", "repository")]
        {
            assert_eq!(Place::of_directory(Path::new(path)).name, name, "{path}");
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let url = format!("https://example.org/{}", "x".repeat(500));
        assert!(Place::of_url(&url).name.len() <= MAX_NAME_BYTES);
    }
}
