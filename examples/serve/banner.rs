//! What is said at the start: what is served, where it can be reached, and a warning if everybody can.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the program knows of itself before it listens.
pub(crate) struct Banner {
    /// What is served, and how; a line each.
    pub(crate) about: Vec<String>,
    /// Whether nobody is asked for a password.
    pub(crate) is_open: bool,
}

impl Banner {
    /// Its lines, for a server that listens on `addr`.
    pub(crate) fn lines(&self, addr: SocketAddr) -> Vec<String> {
        let mut lines = self.about.clone();
        lines.extend(urls(addr, &interfaces()).iter().map(|url| format!("at {url}")));
        if self.is_open && !addr.ip().to_canonical().is_loopback() {
            lines.push(
                "warning: whoever reaches this machine can read these files. --auth USER:PASSWORD asks for a password, \
                 --addr 127.0.0.1:PORT keeps others out."
                    .into(),
            );
        }
        lines
    }
}

/// The addresses of this machine; those of the loopback if the system does not tell.
fn interfaces() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces.iter().map(|interface| interface.ip()).collect(),
        Err(_) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
    }
}

/// What a browser is told to get there. An unspecified address stands for all `interfaces`; [::] for those of IPv4 too,
/// where the system leaves it at its default, which is so on Linux.
fn urls(addr: SocketAddr, interfaces: &[IpAddr]) -> Vec<String> {
    let is_meant = |ip: &IpAddr| match ip {
        IpAddr::V4(_) => true,
        // A link-local address means something together with an interface only, and a URL has no place for that.
        IpAddr::V6(ip) => addr.is_ipv6() && !ip.is_unicast_link_local(),
    };
    let mut ips: Vec<IpAddr> = match addr.ip().is_unspecified() {
        true => interfaces.iter().copied().filter(is_meant).collect(),
        false => vec![addr.ip()],
    };
    ips.sort_by_key(|ip| (!ip.is_loopback(), ip.is_ipv6()));
    ips.iter().map(|&ip| format!("http://{}/", SocketAddr::new(ip, addr.port()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_stands_for_all() {
        let interfaces: Vec<IpAddr> =
            ["192.0.2.7", "fe80::1", "2001:db8::7", "::1", "127.0.0.1"].map(|ip| ip.parse().unwrap()).into();
        let cases: &[(&str, &[&str])] = &[
            ("127.0.0.1:80", &["127.0.0.1:80"]),
            ("[2001:db8::1]:80", &["[2001:db8::1]:80"]),
            ("0.0.0.0:80", &["127.0.0.1:80", "192.0.2.7:80"]),
            ("[::]:80", &["127.0.0.1:80", "[::1]:80", "192.0.2.7:80", "[2001:db8::7]:80"]),
        ];
        for (addr, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|addr| format!("http://{addr}/")).collect();
            assert_eq!(urls(addr.parse().unwrap(), &interfaces), expected, "{addr}");
        }
    }

    #[test]
    fn a_warning_where_others_can_read() {
        let cases = [
            ("127.0.0.1:80", true, false),
            ("[::1]:80", true, false),
            ("[::ffff:127.0.0.1]:80", true, false),
            ("0.0.0.0:80", true, true),
            ("[::]:80", true, true),
            ("192.0.2.7:80", true, true),
            ("192.0.2.7:80", false, false),
        ];
        for (addr, is_open, warns) in cases {
            let lines = Banner { about: Vec::new(), is_open }.lines(addr.parse().unwrap());
            assert_eq!(lines.iter().any(|line| line.contains("warning")), warns, "{addr} {is_open}");
        }
    }
}
