//! Where the load goes: `http://host:port/path`, and to this machine unless somebody says otherwise.

use std::net::{SocketAddr, ToSocketAddrs};

/// The parts of an address that matter here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Url {
    /// As it stands in the Host field.
    pub(crate) authority: String,
    /// With its query.
    pub(crate) path: String,
}

impl std::str::FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest =
            text.strip_prefix("http://").ok_or("it is http://HOST:PORT/PATH: there is no TLS in this program")?;
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it has a space or another character that has to be percent-encoded");
        }
        let rest = rest.split('#').next().unwrap_or_default(); // a fragment is not sent
        let split = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        if authority.is_empty() || authority.contains('@') {
            return Err("it is http://HOST:PORT/PATH, with a host and without a user");
        }
        let path = if path.starts_with('/') { path.into() } else { format!("/{path}") };
        Ok(Url { authority: authority.into(), path })
    }
}

impl Url {
    /// The first address of the host that the load may go to.
    pub(crate) fn resolve(&self, is_anywhere: bool) -> Result<SocketAddr, String> {
        let host = &self.authority;
        let port = host.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let with_port = if port.is_some() { host.clone() } else { format!("{host}:80") };
        let addresses = with_port.to_socket_addrs().map_err(|error| format!("{host} is not found: {error}"))?;
        let addresses: Vec<_> = addresses.collect();
        let is_allowed = |addr: &&SocketAddr| is_anywhere || addr.ip().to_canonical().is_loopback();
        addresses.iter().find(is_allowed).copied().ok_or_else(|| {
            format!(
                "{host} is not this machine, and a load is an attack on a server whose owner has not agreed to it; \
                 with --anywhere it goes there all the same"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let cases = [
            ("http://127.0.0.1:8080", Some(("127.0.0.1:8080", "/"))),
            ("http://localhost/a/b?c#d", Some(("localhost", "/a/b?c"))),
            ("http://[::1]:80?x", Some(("[::1]:80", "/?x"))),
            ("https://localhost/", None),
            ("localhost:8080", None),
            ("http:///a", None),
            ("http://a@b/", None),
            ("http://a/b c", None),
            ("http://a/b\r\nX: y", None),
        ];
        for (text, parts) in cases {
            let expected = parts.map(|(authority, path)| Url { authority: authority.into(), path: path.into() });
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }

    #[test]
    fn only_this_machine_unless_told_otherwise() {
        let resolve = |text: &str, is_anywhere| text.parse::<Url>().unwrap().resolve(is_anywhere);
        assert_eq!(resolve("http://127.0.0.1", false), Ok(([127, 0, 0, 1], 80).into()));
        assert_eq!(resolve("http://[::1]:81/", false).unwrap().port(), 81);
        assert_eq!(resolve("http://[::ffff:127.0.0.1]:81/", false).unwrap().port(), 81);
        assert!(resolve("http://192.0.2.1:81/", false).unwrap_err().contains("--anywhere"));
        assert_eq!(resolve("http://192.0.2.1:81/", true), Ok(([192, 0, 2, 1], 81).into()));
    }
}
