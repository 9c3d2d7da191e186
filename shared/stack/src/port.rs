//! Loopback ports for private servers, and the check that a wanted port is free.

use std::net::{Ipv4Addr, TcpListener, ToSocketAddrs};

use anyhow::{Context, bail};
use rand::RngExt;

/// Below the range from which Linux takes the ports of outgoing connections (32768 and up): a client
/// that keeps connecting to a server that is being started again could otherwise be given the
/// server's own port and talk to itself.
const PRIVATE: std::ops::Range<u16> = 15_000..32_000;

/// A port on 127.0.0.1 that nobody listens on now. Picked at random, so that two stacks which start
/// at the same time do not race for the same one.
pub fn free() -> anyhow::Result<u16> {
    let mut random = rand::rng();
    (0..100)
        .map(|_| random.random_range(PRIVATE))
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .context("no free port between 15000 and 32000 on 127.0.0.1")
}

/// Fails with one clear line when `host:port` cannot be listened on.
pub fn require_free(host: &str, port: u16) -> anyhow::Result<()> {
    let addresses = (host, port).to_socket_addrs().with_context(|| format!("HOST={host} is no address"))?;
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                bail!("port {port} on {host} is taken by another program: stop that, or choose another with PORT=")
            }
            Err(error) => return Err(error).with_context(|| format!("cannot listen on {host}:{port}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_in_one_line() {
        let holder = TcpListener::bind("127.0.0.1:0").expect("binds");
        let port = holder.local_addr().expect("is bound").port();
        let error = require_free("127.0.0.1", port).expect_err("it is taken").to_string();
        assert!(error.contains(&port.to_string()), "{error}");
        assert_eq!(error.lines().count(), 1);
        // Not a port that was just tried: for a moment, a child that another test begins still has its listener open.
        assert!(PRIVATE.step_by(997).any(|port| require_free("127.0.0.1", port).is_ok()), "none is free");
    }
}
