//! What an address says of TLS. The driver knows less than PostgreSQL's own programs do, and refuses what it does
//! not know, so it gets the address without these. It also says what it does not know, which may be half a password;
//! so names are looked at before.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::CharIndices;

use percent_encoding::percent_decode_str;

/// The parameters, by PostgreSQL's names (libpq, "Database Connection Control Functions").
const NAMES: [&str; 5] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "sslnegotiation"];

/// The parameters that the driver knows.
const OF_THE_DRIVER: [&str; 17] = [
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

fn is_known(name: &str) -> bool {
    OF_THE_DRIVER.contains(&name) || NAMES.contains(&name)
}

/// The name is not shown: it may be what follows on an unescaped character of a password.
fn unknown() -> String {
    let known = [OF_THE_DRIVER.as_slice(), &NAMES].concat().join(", ");
    format!("it holds a parameter that this program does not know; it knows {known}")
}

/// What an address says of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters([Option<String>; NAMES.len()]);

impl Parameters {
    /// What is said under one of the [`NAMES`].
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let at = NAMES.iter().position(|known| *known == name)?;
        self.0[at].as_deref()
    }

    /// The file that is named under one of these. Empty is not said, as for PostgreSQL's own programs.
    pub(super) fn file(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|file| !file.is_empty())
    }

    /// Keeps it and says so where it is ours. Said twice, the last one counts, as for the driver.
    fn keep(&mut self, name: &str, value: &str) -> bool {
        let at = NAMES.iter().position(|known| *known == name);
        if let Some(at) = at {
            self.0[at] = Some(value.to_owned());
        }
        at.is_some()
    }
}

/// Takes them out of an address, and gives back what is left for the driver.
pub(super) fn taken_from(address: &str) -> Result<(Parameters, String), String> {
    if behind_scheme(address).is_some() { from_url(address) } else { from_pairs(address) }
}

/// The rest of an address that is a URL; every other one is read as pairs.
pub(crate) fn behind_scheme(address: &str) -> Option<&str> {
    ["postgres://", "postgresql://"].iter().find_map(|scheme| address.strip_prefix(scheme))
}

fn from_url(address: &str) -> Result<(Parameters, String), String> {
    let Some(query) = address.find('?') else {
        return Ok((Parameters::default(), address.to_owned()));
    };
    let mut parameters = Parameters::default();
    let mut rest = Vec::new();
    for pair in address[query + 1..].split('&') {
        // What is no pair is left to the driver, which says what is wrong with it.
        let Some((name, value)) = pair.split_once('=') else {
            rest.push(pair);
            continue;
        };
        let name = decoded(name);
        if !is_known(&name) {
            return Err(unknown());
        }
        if !parameters.keep(&name, &decoded(value)) {
            rest.push(pair);
        }
    }
    let mark = if rest.is_empty() { "" } else { "?" };
    let rest = format!("{}{mark}{}", &address[..query], rest.join("&"));
    Ok((parameters, rest))
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// `name=value` pairs. What is no pair is left to the driver, which says what is wrong with it.
fn from_pairs(address: &str) -> Result<(Parameters, String), String> {
    let mut parameters = Parameters::default();
    let mut rest = Vec::new();
    let mut characters = address.char_indices().peekable();
    loop {
        skip_spaces(&mut characters);
        let Some(&(start, _)) = characters.peek() else { break };
        let pair = pair(address, &mut characters);
        let end = characters.peek().map_or(address.len(), |(at, _)| *at);
        if let Some(Pair { name, value, is_apart }) = &pair {
            if !is_known(name) {
                return Err(unknown());
            }
            // Blanks may stand before a value, so the next name would be taken for it.
            if *is_apart && value.split_once('=').is_some_and(|(next, _)| is_known(next)) {
                return Err(format!("its parameter {name} has no value"));
            }
        }
        if !pair.is_some_and(|Pair { name, value, .. }| parameters.keep(name, &value)) {
            rest.push(&address[start..end]);
        }
    }
    Ok((parameters, rest.join(" ")))
}

type Characters<'a> = Peekable<CharIndices<'a>>;

fn skip_spaces(characters: &mut Characters<'_>) {
    while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {}
}

struct Pair<'a> {
    name: &'a str,
    value: String,
    /// Whether blanks stand before the value, and no quote.
    is_apart: bool,
}

fn pair<'a>(address: &'a str, characters: &mut Characters<'_>) -> Option<Pair<'a>> {
    let start = characters.peek()?.0;
    while characters.next_if(|(_, c)| !c.is_whitespace() && *c != '=').is_some() {}
    let name = &address[start..characters.peek()?.0];
    skip_spaces(characters);
    characters.next_if(|(_, c)| *c == '=')?;
    let is_near = characters.peek().is_none_or(|(_, c)| !c.is_whitespace());
    skip_spaces(characters);
    let is_quoted = characters.next_if(|(_, c)| *c == '\'').is_some();
    let mut value = String::new();
    while let Some((_, c)) =
        characters.next_if(|(_, c)| if is_quoted { *c != '\'' } else { !c.is_whitespace() })
    {
        let escaped = if c == '\\' { characters.next().map(|(_, c)| c) } else { Some(c) };
        value.extend(escaped);
    }
    if is_quoted {
        characters.next()?;
    }
    Some(Pair { name, value, is_apart: !is_near && !is_quoted })
}

#[cfg(test)]
mod tests {
    use super::taken_from;

    fn taken(address: &str) -> (String, Vec<(&'static str, String)>) {
        let (parameters, rest) = taken_from(address).expect(address);
        let said = super::NAMES
            .iter()
            .filter_map(|name| Some((*name, parameters.get(name)?.to_owned())))
            .collect();
        (rest, said)
    }

    #[test]
    fn a_url_is_left_without_them_and_otherwise_as_it_was() {
        let cases = [
            ("postgres://u@h/d?sslmode=require", "postgres://u@h/d", vec![("sslmode", "require")]),
            (
                "postgresql://u:a%3F@h/d?application_name=a%26b&sslrootcert=%2Fca%20s.pem&connect_timeout=3",
                "postgresql://u:a%3F@h/d?application_name=a%26b&connect_timeout=3",
                vec![("sslrootcert", "/ca s.pem")],
            ),
            ("postgres://h/d?sslmode=a&sslmode=b", "postgres://h/d", vec![("sslmode", "b")]),
            ("postgres://h/d?host=/run", "postgres://h/d?host=/run", vec![]),
            ("postgres://h/d", "postgres://h/d", vec![]),
        ];
        for (address, rest, said) in cases {
            let said: Vec<_> =
                said.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
            assert_eq!(taken(address), (rest.to_owned(), said), "{address}");
        }
    }

    #[test]
    fn pairs_may_be_quoted_and_spaced() {
        let (rest, said) = taken(
            r"host=h  password='it\'s sslmode=no' sslmode = verify-full sslrootcert='/c a.pem' port=1",
        );
        assert_eq!(rest, r"host=h password='it\'s sslmode=no' port=1");
        let said: Vec<_> = said.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(said, [("sslmode", "verify-full"), ("sslrootcert", "/c a.pem")]);
        assert_eq!(taken(r"host=h sslmode=require\").1, [("sslmode", "require".to_owned())]);
    }

    #[test]
    fn what_is_no_address_is_left_to_the_driver() {
        for address in ["", "hunter2", "host", "host=", "host='h", "host=h sslmode", "ß"] {
            assert_eq!(taken(address).0, address);
        }
        for address in ["postgres://h/d?port", "postgres://h/d?port=1&", "postgres://h/d?&"] {
            assert_eq!(taken(address).0, address);
        }
    }

    #[test]
    fn what_is_not_known_is_not_shown() {
        for address in [
            "postgres://h/d?sslcrl=hunter2",
            "postgres://h/d?password=a&hunter2=b",
            "postgres://h/d?hunter2@h/books?sslmode=require",
            "me:hunter2@h/books?sslmode=require",
            "host=h password=my hunter2=x",
            "= hunter2=x",
        ] {
            let refused = taken_from(address).expect_err(address);
            assert!(refused.contains("does not know") && !refused.contains("hunter2"), "{refused}");
        }
        for (address, says) in [
            ("host= password=hunter2", "its parameter host has no value"),
            ("host=h sslrootcert= password=hunter2", "its parameter sslrootcert has no value"),
        ] {
            assert_eq!(taken_from(address).expect_err(address), says);
        }
        for address in ["host=h password=user=1", "host=h password= 'user=1'"] {
            assert_eq!(taken(address).0, address);
        }
    }
}
