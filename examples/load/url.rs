//! Where the load goes: `http://host:port/path`, and to this machine unless somebody says otherwise.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

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
        if text.starts_with("https://") {
            return Err("there is no TLS in this program: it is http://HOST:PORT/PATH");
        }
        let rest = text.strip_prefix("http://").ok_or("it begins with http://, as in http://127.0.0.1:8080/")?;
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it has a space or another character that has to be percent-encoded");
        }
        let rest = rest.split('#').next().unwrap_or_default(); // a fragment is not sent
        let split = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        let (host, port) = split_authority(authority);
        if host.is_empty() || authority.contains('@') {
            return Err("it is http://HOST:PORT/PATH, with a host and without a user");
        }
        if host.contains(':') && !host.starts_with('[') {
            return Err("an IPv6 address stands in brackets, as in http://[::1]:8080/");
        }
        if port.is_some_and(|port| !is_port(port)) {
            return Err("its port is no number from 1 to 65535");
        }
        let path = if path.starts_with('/') { path.into() } else { format!("/{path}") };
        Ok(Url { authority: authority.into(), path })
    }
}

/// The host, in its brackets if it has any, and what stands behind its colon.
fn split_authority(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

impl Url {
    /// The addresses of the host that the load may go to; there is at least one.
    pub(crate) fn resolve(&self, is_anywhere: bool) -> Result<Vec<SocketAddr>, String> {
        let host = &self.authority;
        let has_port = split_authority(host).1.is_some();
        let with_port = if has_port { host.clone() } else { format!("{host}:80") };
        let addresses = with_port.to_socket_addrs().map_err(|error| format!("{host} is not found: {error}"))?;
        let is_allowed = |addr: &SocketAddr| is_anywhere || addr.ip().to_canonical().is_loopback();
        let allowed: Vec<_> = addresses.filter(is_allowed).collect();
        if allowed.is_empty() {
            return Err(format!(
                "{host} is not this machine, and a load is an attack on a server whose owner has not agreed to it; \
                 with --anywhere it goes there all the same"
            ));
        }
        Ok(allowed)
    }
}

/// The first address where somebody listens: a name such as localhost has several, and a server may have one of them.
pub(crate) fn first_open(addresses: &[SocketAddr], timeout: Duration) -> Result<SocketAddr, String> {
    let mut reasons = Vec::new();
    for addr in addresses {
        match TcpStream::connect_timeout(addr, timeout) {
            Ok(_) => return Ok(*addr),
            Err(error) => reasons.push(format!("cannot connect to {addr}: {}", error.kind())),
        }
    }
    Err(format!("{}; is the server running?", reasons.join("; ")))
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
            ("http:///a", None),
            ("http://:80/", None),
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
    fn mistakes_are_told_apart() {
        let cases = [
            ("https://localhost/", "there is no TLS in this program: it is http://HOST:PORT/PATH"),
            ("foo", "it begins with http://, as in http://127.0.0.1:8080/"),
            ("127.0.0.1:8080", "it begins with http://, as in http://127.0.0.1:8080/"),
            ("http://127.0.0.1:99999/", "its port is no number from 1 to 65535"),
            ("http://127.0.0.1:0/", "its port is no number from 1 to 65535"),
            ("http://[::1]:+80/", "its port is no number from 1 to 65535"),
            ("http://localhost:/", "its port is no number from 1 to 65535"),
            ("http://::1/", "an IPv6 address stands in brackets, as in http://[::1]:8080/"),
        ];
        for (text, reason) in cases {
            assert_eq!(text.parse::<Url>(), Err(reason), "{text}");
        }
    }

    #[test]
    fn the_address_where_somebody_listens_is_taken() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (open, closed) = (listener.local_addr().unwrap(), ([127, 0, 0, 1], 1).into());
        let first = |addresses: &[SocketAddr]| first_open(addresses, Duration::from_secs(60));
        assert_eq!(first(&[closed, open]), Ok(open));
        let reason = "cannot connect to 127.0.0.1:1: connection refused; is the server running?";
        assert_eq!(first(&[closed]), Err(reason.into()));
    }

    #[test]
    fn only_this_machine_unless_told_otherwise() {
        let resolve =
            |text: &str, is_anywhere| text.parse::<Url>().unwrap().resolve(is_anywhere).map(|addresses| addresses[0]);
        assert_eq!(resolve("http://127.0.0.1", false), Ok(([127, 0, 0, 1], 80).into()));
        assert_eq!(resolve("http://[::1]:81/", false).unwrap().port(), 81);
        assert_eq!(resolve("http://[::ffff:127.0.0.1]:81/", false).unwrap().port(), 81);
        assert!(resolve("http://192.0.2.1:81/", false).unwrap_err().contains("--anywhere"));
        assert_eq!(resolve("http://192.0.2.1:81/", true), Ok(([192, 0, 2, 1], 81).into()));
    }
}
