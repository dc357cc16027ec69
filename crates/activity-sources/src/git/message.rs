//! What a commit message says: its subject, and its `Co-authored-by` trailers.
//!
//! Trailers are found as `git interpret-trailers` finds them: in the last paragraph, when it is not
//! the subject and either holds nothing but trailers, or holds one that git itself writes and is
//! made of trailers for at least a quarter.

/// The subject as `git log --format=%s` gives it: the first paragraph on one line.
pub(super) fn subject(message: &str) -> String {
    let lines = message.lines().skip_while(|line| line.trim().is_empty());
    let paragraph = lines.take_while(|line| !line.trim().is_empty());
    paragraph.map(str::trim_end).collect::<Vec<_>>().join(" ")
}

/// The values of the `Co-authored-by` trailers, in order.
pub(super) fn co_authors(message: &str) -> Vec<String> {
    let mut values: Vec<(bool, String)> = Vec::new();
    for line in trailer_block(message) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = values.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = trailer(line) {
            let wanted = key.eq_ignore_ascii_case("co-authored-by");
            values.push((wanted, value.trim().to_owned()));
        }
    }
    values.into_iter().filter_map(|(wanted, value)| wanted.then_some(value)).collect()
}

/// The lines of the last paragraph, when it is a block of trailers; else none.
fn trailer_block(message: &str) -> Vec<&str> {
    let lines: Vec<&str> =
        message.lines().map(str::trim_end).filter(|line| !line.starts_with('#')).collect();
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    let Some(blank) = lines[..end].iter().rposition(|line| line.is_empty()) else {
        return Vec::new();
    };
    if lines[..blank].iter().all(|line| line.is_empty()) {
        return Vec::new();
    }
    let block = &lines[blank + 1..end];
    if is_trailer_block(block) { block.to_vec() } else { Vec::new() }
}

fn is_trailer_block(lines: &[&str]) -> bool {
    let (mut trailers, mut others, mut written_by_git) = (0_usize, 0_usize, false);
    // A continuation belongs to what is above it; above nothing it is ordinary text.
    let mut above_is_trailer = None;
    for line in lines {
        let continues = line.starts_with([' ', '\t']) && above_is_trailer == Some(true);
        let by_git =
            line.starts_with("Signed-off-by: ") || line.starts_with("(cherry picked from commit ");
        written_by_git |= by_git;
        if continues {
            continue;
        }
        let is_trailer = by_git || (!line.starts_with([' ', '\t']) && trailer(line).is_some());
        above_is_trailer = Some(is_trailer);
        if is_trailer { trailers += 1 } else { others += 1 }
    }
    trailers > 0 && (others == 0 || (written_by_git && trailers * 3 >= others))
}

/// `Key: value`. A key is letters, digits and dashes; white space may stand before the colon.
fn trailer(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim_end_matches([' ', '\t']);
    let fits = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::{co_authors, subject};

    #[test]
    fn the_subject_is_the_first_paragraph() {
        assert_eq!(subject("\n\none \n  two \n\nbody"), "one   two");
        assert_eq!(subject(""), "");
    }

    #[test]
    fn only_the_last_block_of_trailers_counts() {
        let cases: [(&str, &[&str]); 9] = [
            ("s\n\nCo-authored-by: A <a@b>\n", &["A <a@b>"]),
            ("s\n\nCO-AUTHORED-BY : A\n  <a@b>\nX: y\n\n\n", &["A <a@b>"]),
            ("Co-authored-by: A <a@b>\n", &[]),
            ("s\n\nCo-authored-by: A <a@b>\n\nthe end", &[]),
            ("s\n\ntext\nCo-authored-by: A <a@b>\n", &[]),
            ("s\n\nt\nt\nt\nSigned-off-by: S <s>\nCo-authored-by: A <a@b>\n", &["A <a@b>"]),
            ("s\n\nt\nt\nt\nt\nSigned-off-by: S <s>\n t\nt\nt\nt\n", &[]),
            ("s\n\n# a comment\nCo-authored-by: A <a@b>\n# another\n", &["A <a@b>"]),
            ("s\n\nCo-authored-by: A <a@b>\nCo-authored-by: B <b@b>", &["A <a@b>", "B <b@b>"]),
        ];
        for (message, expected) in cases {
            assert_eq!(co_authors(message), expected, "{message:?}");
        }
    }
}
