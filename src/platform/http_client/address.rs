//! Which addresses are public: reachable by everybody, so that reaching them tells nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a packet to this one arrives at, as far as its form tells: an IPv4 address inside an IPv6 one
/// (mapped, NAT64) is that IPv4 address.
pub(super) fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
    }
}

/// `::ffff:a.b.c.d` and `64:ff9b::a.b.c.d`.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let mapped = [a, b, c, d, e, f] == [0, 0, 0, 0, 0, 0xffff];
    let nat64 = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    let [first, second] = high.to_be_bytes();
    let [third, fourth] = low.to_be_bytes();
    (mapped || nat64).then(|| Ipv4Addr::new(first, second, third, fourth))
}

/// Whether everybody may reach this address: it is neither of this machine nor of a network behind it, nor of a range
/// that is set aside.
pub fn is_public(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let set_aside = match (a, b, c) {
        // This network, private, loopback, multicast and what lies above.
        (0 | 10 | 127 | 224.., ..) => true,
        // Shared address space of providers.
        (100, 64..=127, _) => true,
        (169, 254, _) | (192, 168, _) => true,
        (172, 16..=31, _) => true,
        // Protocol assignments, documentation, the relays of 6to4, measurements.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) => true,
        (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !set_aside
}

/// Of IPv6 only global unicast is public, without the ranges in it that lead elsewhere.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let global = a & 0xe000 == 0x2000;
    let set_aside = match (a, b) {
        // Teredo, ORCHID and other protocols; documentation; 6to4 with any IPv4 address in it.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) => true,
        (0x3fff, 0..=0xfff) => true,
        _ => false,
    };
    global && !set_aside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_for_everybody_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.216.34",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.17.0.1",
            "223.255.255.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:4860:4860::8888",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.9.9",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "4000::1",
            "5f00::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
