//! Connection URLs over a socket.

use std::{fmt::Write as _, os::unix::ffi::OsStrExt as _, path::Path};

/// Every private server has a socket directory to itself, so they all take the usual port.
pub(crate) const PORT: u16 = 5432;

pub(crate) fn connection_url(socket_dir: &Path, user: &str, database: &str) -> String {
    format!(
        "postgres://{}@{}:{PORT}/{}",
        encode(user.as_bytes()),
        encode(socket_dir.as_os_str().as_bytes()),
        encode(database.as_bytes()),
    )
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encode(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String does not fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_encoded() {
        assert_eq!(
            connection_url(Path::new("/run/a b"), "ann@x", "ledger/ü"),
            "postgres://ann%40x@%2Frun%2Fa%20b:5432/ledger%2F%C3%BC",
        );
    }
}
