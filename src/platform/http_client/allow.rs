//! Targets that may be reached although they are not public.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::OutboundError;
use super::address::{is_public, plain};

/// The list of `outbound.allow`, read.
#[derive(Debug, Default)]
pub(super) struct Allowed {
    hosts: Vec<(String, Option<u16>)>,
    addresses: Vec<(IpNet, Option<u16>)>,
}

impl Allowed {
    pub(super) fn parse(entries: &[String]) -> Result<Self, OutboundError> {
        let mut allowed = Self::default();
        for entry in entries {
            allowed
                .add(entry.trim())
                .ok_or_else(|| OutboundError::Allow(entry.escape_debug().take(100).collect()))?;
        }
        Ok(allowed)
    }

    fn add(&mut self, entry: &str) -> Option<()> {
        let bare = entry
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(entry);
        if let Ok(network) = entry.parse::<IpNet>() {
            self.addresses.push((network.trunc(), None));
        } else if let Ok(address) = bare.parse::<IpAddr>() {
            self.addresses.push((plain(address).into(), None));
        } else if let Ok(address) = entry.parse::<SocketAddr>() {
            let port = Some(address.port());
            self.addresses.push((plain(address.ip()).into(), port));
        } else {
            let (host, port) = match entry.rsplit_once(':') {
                Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
                None => (entry, None),
            };
            self.hosts
                .push((name(host).filter(|host| is_name(host))?, port));
        }
        Some(())
    }

    /// Whether a host is listed by name, for this port or for all.
    pub(super) fn host(&self, host: &str, port: u16) -> bool {
        let Some(host) = name(host) else {
            return false;
        };
        let mut hosts = self.hosts.iter();
        hosts.any(|(listed, only)| *listed == host && only.is_none_or(|only| only == port))
    }

    /// Whether an address may be connected to. Without a port (it is not known where names are resolved) only
    /// entries for all ports count.
    pub(super) fn address(&self, address: IpAddr, port: Option<u16>) -> bool {
        let address = plain(address);
        let mut addresses = self.addresses.iter();
        is_public(address)
            || addresses.any(|(network, only)| {
                network.contains(&address) && only.is_none_or(|only| port == Some(only))
            })
    }
}

/// A name as names are compared: lower case, without the dot of the root.
fn name(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

fn is_name(host: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    host.len() <= 253 && host.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(entries: &[&str]) -> Allowed {
        let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        Allowed::parse(&entries).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn entries_are_hosts_addresses_and_networks_with_or_without_a_port() {
        let list = allowed(&[
            "Build.Internal",
            "cache:6081",
            "10.1.0.0/16",
            "127.0.0.1:9000",
            "[::1]:9000",
            "192.168.0.7",
            "[fd00::1]",
        ]);
        assert!(list.host("build.internal", 80) && list.host("BUILD.internal.", 1));
        assert!(list.host("cache", 6081) && !list.host("cache", 80));
        assert!(!list.host("x.build.internal", 80) && !list.host("internal", 80));
        assert!(list.address(ip("10.1.2.3"), None) && !list.address(ip("10.2.2.3"), None));
        assert!(list.address(ip("::ffff:10.1.2.3"), None));
        assert!(list.address(ip("127.0.0.1"), Some(9000)));
        assert!(list.address(ip("::1"), Some(9000)) && list.address(ip("fd00::1"), Some(1)));
        assert!(!list.address(ip("127.0.0.1"), Some(9001)));
        assert!(
            !list.address(ip("127.0.0.1"), None),
            "a name may lead to any port"
        );
        assert!(list.address(ip("192.168.0.7"), Some(1)));
        assert!(
            list.address(ip("8.8.8.8"), None),
            "public ones need no entry"
        );
    }

    #[test]
    fn entries_that_mean_nothing_are_refused() {
        for entry in [
            "",
            " ",
            "10.0.0.0/33",
            "a:b:c",
            "http://x",
            "x:99999",
            "a b",
            ":80",
            "*",
        ] {
            assert!(Allowed::parse(&[entry.to_owned()]).is_err(), "{entry}");
        }
    }
}
