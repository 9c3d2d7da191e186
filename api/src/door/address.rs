//! Who calls, by address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use poem::{Addr, Request};

/// The address that limits are counted by: the peer's, or what the outermost proxy of ours saw.
///
/// With `trusted_proxies = n`, the n-th entry from the right of `X-Forwarded-For` was written by a proxy of ours; anything
/// left of it is the client's own claim and is not believed. IPv6 clients own a /64 at least, so they are counted by it.
pub fn client_address(request: &Request, trusted_proxies: usize) -> IpAddr {
    network(whole_address(request, trusted_proxies))
}

/// Returns the address of the client as it is, for the log; `0.0.0.0` where there is none.
pub(super) fn whole_address(request: &Request, trusted_proxies: usize) -> IpAddr {
    let address = forwarded(request, trusted_proxies).or_else(|| peer(request));
    address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.to_canonical())
}

fn forwarded(request: &Request, trusted_proxies: usize) -> Option<IpAddr> {
    let claims = request.headers().get_all("x-forwarded-for");
    let entries: Vec<&str> =
        claims.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let index = entries.len().checked_sub(trusted_proxies).filter(|_| trusted_proxies > 0)?;
    entries.get(index)?.trim().parse().ok()
}

fn peer(request: &Request) -> Option<IpAddr> {
    match &request.remote_addr().0 {
        Addr::SocketAddr(address) => Some(address.ip()),
        _ => None,
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use poem::Request;

    use super::client_address;

    #[test]
    fn only_what_our_own_proxies_wrote_is_believed() {
        let request =
            || Request::builder().header("x-forwarded-for", "6.6.6.6, 1.2.3.4").header("x-forwarded-for", "10.0.0.1");
        for (proxies, address) in [(0, "0.0.0.0"), (1, "10.0.0.1"), (2, "1.2.3.4"), (3, "6.6.6.6"), (4, "0.0.0.0")] {
            assert_eq!(client_address(&request().finish(), proxies).to_string(), address);
        }
    }
}
