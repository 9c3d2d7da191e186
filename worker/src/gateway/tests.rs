//! The gateway against the simulator, over real sockets.

pub(crate) fn install_tls() {
    // Another test may have been first.
    let _installed = rustls::crypto::ring::default_provider().install_default();
}
