//! Which network an address belongs to.
//!
//! From the special-purpose registries of IANA (RFC 6890 and its successors), and from where clouds keep what they tell
//! their machines. What carries an IPv4 address inside an IPv6 one is refused whatever it carries.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network that is not the public one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Unspecified,
    Private,
    Loopback,
    LinkLocal,
    /// Between a carrier and its customers (RFC 6598).
    Shared,
    /// Set aside for protocols of the network itself.
    Protocol,
    Documentation,
    Benchmark,
    Multicast,
    Reserved,
    /// Where a cloud tells its machines about themselves.
    Metadata,
    Mapped,
    Compatible,
    Nat64,
    SixToFour,
    Teredo,
    Isatap,
    Orchid,
    UniqueLocal,
    SiteLocal,
}

/// First match wins.
const V4: [(Ipv4Addr, u32, Network); 21] = [
    // Outside of the private ranges, but only ever answered by the machine's own cloud.
    (Ipv4Addr::new(168, 63, 129, 16), 32, Network::Metadata),
    (Ipv4Addr::new(169, 254, 169, 254), 32, Network::Metadata),
    (Ipv4Addr::new(100, 100, 100, 200), 32, Network::Metadata),
    (Ipv4Addr::new(192, 0, 0, 192), 32, Network::Metadata),
    (Ipv4Addr::UNSPECIFIED, 8, Network::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Network::Private),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Network::Private),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Network::Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Network::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Network::LinkLocal),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Network::Shared),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Network::Protocol),
    (Ipv4Addr::new(192, 31, 196, 0), 24, Network::Protocol),
    (Ipv4Addr::new(192, 52, 193, 0), 24, Network::Protocol),
    (Ipv4Addr::new(192, 175, 48, 0), 24, Network::Protocol),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Network::Documentation),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Network::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Network::Documentation),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Network::SixToFour),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Network::Benchmark),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Network::Multicast),
];

/// First match wins; what none matches is public in `2000::/3` and reserved elsewhere.
const V6: [(Ipv6Addr, u32, Network); 25] = [
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, Network::Metadata),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Network::Metadata),
    (Ipv6Addr::UNSPECIFIED, 128, Network::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, Network::Loopback),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, Network::Mapped),
    // The same for translators (RFC 2765).
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, Network::Mapped),
    (Ipv6Addr::UNSPECIFIED, 96, Network::Compatible),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, Network::Nat64),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Network::Nat64),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, Network::Reserved),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, Network::Teredo),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, Network::Benchmark),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28, Network::Orchid),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28, Network::Orchid),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Network::Protocol),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Network::Documentation),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, Network::Protocol),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Network::SixToFour),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, Network::Reserved),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Network::Documentation),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, Network::Reserved),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Network::UniqueLocal),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Network::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Network::SiteLocal),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Network::Multicast),
];

impl Network {
    /// The network of an address; `None` for the public one.
    pub fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Option<Self> {
        let bits = address.to_bits();
        let within = |(network, length, _): &&(Ipv4Addr, u32, Self)| (bits ^ network.to_bits()) >> (32 - length) == 0;
        let known = V4.iter().find(within).map(|(_, _, network)| *network);
        known.or_else(|| (bits >> 28 == 0xf).then_some(Self::Reserved))
    }

    fn of_v6(address: Ipv6Addr) -> Option<Self> {
        let bits = address.to_bits();
        let within = |(network, length, _): &&(Ipv6Addr, u32, Self)| (bits ^ network.to_bits()) >> (128 - length) == 0;
        let known = V6.iter().find(within).map(|(_, _, network)| *network);
        // An IPv4 address in the interface's part, for routers that unpack it.
        let is_isatap = (bits >> 32) & 0xfdff_ffff == 0x5efe;
        known.or_else(|| is_isatap.then_some(Self::Isatap)).or_else(|| (bits >> 125 != 1).then_some(Self::Reserved))
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link_local",
            Self::Shared => "shared",
            Self::Protocol => "protocol",
            Self::Documentation => "documentation",
            Self::Benchmark => "benchmark",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Metadata => "metadata",
            Self::Mapped => "mapped",
            Self::Compatible => "compatible",
            Self::Nat64 => "nat64",
            Self::SixToFour => "6to4",
            Self::Teredo => "teredo",
            Self::Isatap => "isatap",
            Self::Orchid => "orchid",
            Self::UniqueLocal => "unique_local",
            Self::SiteLocal => "site_local",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
