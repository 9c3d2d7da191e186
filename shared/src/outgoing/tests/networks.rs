//! Every network from its first address to its last, written out apart from the table that the program looks in.

use std::net::IpAddr;

use crate::outgoing::Network;

const ENDS: [(Network, &str, &str); 50] = [
    (Network::Metadata, "168.63.129.16", "168.63.129.16"),
    (Network::Metadata, "169.254.169.254", "169.254.169.254"),
    (Network::Metadata, "100.100.100.200", "100.100.100.200"),
    (Network::Metadata, "192.0.0.192", "192.0.0.192"),
    (Network::Unspecified, "0.0.0.0", "0.255.255.255"),
    (Network::Private, "10.0.0.0", "10.255.255.255"),
    (Network::Private, "172.16.0.0", "172.31.255.255"),
    (Network::Private, "192.168.0.0", "192.168.255.255"),
    (Network::Loopback, "127.0.0.0", "127.255.255.255"),
    (Network::LinkLocal, "169.254.0.0", "169.254.255.255"),
    (Network::Shared, "100.64.0.0", "100.127.255.255"),
    (Network::Protocol, "192.0.0.0", "192.0.0.255"),
    (Network::Protocol, "192.31.196.0", "192.31.196.255"),
    (Network::Protocol, "192.52.193.0", "192.52.193.255"),
    (Network::Protocol, "192.175.48.0", "192.175.48.255"),
    (Network::Documentation, "192.0.2.0", "192.0.2.255"),
    (Network::Documentation, "198.51.100.0", "198.51.100.255"),
    (Network::Documentation, "203.0.113.0", "203.0.113.255"),
    (Network::SixToFour, "192.88.99.0", "192.88.99.255"),
    (Network::Benchmark, "198.18.0.0", "198.19.255.255"),
    (Network::Multicast, "224.0.0.0", "239.255.255.255"),
    (Network::Reserved, "240.0.0.0", "255.255.255.255"),
    (Network::Unspecified, "::", "::"),
    (Network::Loopback, "::1", "::1"),
    (Network::Compatible, "::2", "::ffff:ffff"),
    (Network::Mapped, "::ffff:0:0", "::ffff:ffff:ffff"),
    (Network::Mapped, "::ffff:0:0:0", "::ffff:0:ffff:ffff"),
    (Network::Nat64, "64:ff9b::", "64:ff9b::ffff:ffff"),
    (Network::Nat64, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    (Network::Reserved, "100::", "100::ffff:ffff:ffff:ffff"),
    (Network::Teredo, "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Benchmark, "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"),
    (Network::Orchid, "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Orchid, "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Protocol, "2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Documentation, "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Protocol, "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    (Network::SixToFour, "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Reserved, "3ffe::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Documentation, "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Reserved, "4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Reserved, "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::UniqueLocal, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Metadata, "fd00:ec2::254", "fd00:ec2::254"),
    (Network::Metadata, "fd20:ce::254", "fd20:ce::254"),
    (Network::LinkLocal, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::SiteLocal, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Multicast, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (Network::Isatap, "2606:4700::5efe:0:0", "2606:4700::5efe:ffff:ffff"),
    (Network::Isatap, "2606:4700::200:5efe:0:0", "2606:4700::200:5efe:ffff:ffff"),
];

/// Public addresses just before and behind such networks.
const BESIDE: [(&str, &str); 17] = [
    ("168.63.129.15", "168.63.129.17"),
    ("9.255.255.255", "11.0.0.0"),
    ("172.15.255.255", "172.32.0.0"),
    ("192.167.255.255", "192.169.0.0"),
    ("126.255.255.255", "128.0.0.0"),
    ("169.253.255.255", "169.255.0.0"),
    ("100.63.255.255", "100.128.0.0"),
    ("191.255.255.255", "192.0.1.0"),
    ("192.31.195.255", "192.31.197.0"),
    ("192.52.192.255", "192.52.194.0"),
    ("192.175.47.255", "192.175.49.0"),
    ("198.51.99.255", "198.51.101.0"),
    ("203.0.112.255", "203.0.114.0"),
    ("192.88.98.255", "192.88.100.0"),
    ("198.17.255.255", "198.20.0.0"),
    ("2001:db7:ffff::", "2001:db9::"),
    ("2620:4f:7fff::", "2620:4f:8001::"),
];

fn network(address: &str) -> Option<Network> {
    Network::of(address.parse::<IpAddr>().expect("an address"))
}

#[test]
fn every_network_reaches_from_its_first_address_to_its_last() {
    for (expected, first, last) in ENDS {
        assert_eq!((network(first), network(last)), (Some(expected), Some(expected)), "{first} to {last}");
    }
}

#[test]
fn what_lies_beside_a_network_is_public() {
    for (before, behind) in BESIDE {
        assert_eq!((network(before), network(behind)), (None, None), "{before} and {behind}");
    }
}
