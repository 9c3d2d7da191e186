//! An address that may be asked, taken apart.
//!
//! It must be written plainly: as this program writes it after reading it. A host in decimal, octal or hexadecimal
//! numbers, with percent signs, with characters that are folded to others, or with a dot at its end means the same to some
//! programs and something else to others, and no honest link needs it.

use url::{Host, Url};

use super::network::Network;
use super::policy::Policy;

/// Longer addresses are refused.
const LONGEST: usize = 8 << 10;

/// Names that machines answer to among themselves, and all names under them.
const LOCAL: [&str; 14] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "in-addr.arpa",
    "ip6.arpa",
    "onion",
    "test",
];

/// Names under which clouds tell their machines about themselves.
const METADATA: [&str; 5] = [
    "metadata.google.internal",
    "metadata.goog",
    "instance-data.ec2.internal",
    "metadata.azure.com",
    "metadata.tencentyun.com",
];

/// Why an address is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is no address")]
    Malformed,
    #[error("only addresses of the web may be asked")]
    Scheme,
    #[error("it carries a user name or a password")]
    Credentials,
    #[error("its port may not be asked")]
    Port,
    #[error("its host is not written plainly")]
    Encoded,
    #[error("its host is a local name")]
    LocalName,
    #[error("its host tells machines about themselves")]
    MetadataName,
    /// As it is written.
    #[error("its host is in the {0} network")]
    Network(Network),
    /// As its name resolves, which the caller need not know.
    #[error("its host resolves to the {0} network")]
    Resolved(Network),
    #[error("its host has no address")]
    Unresolved,
    #[error("it redirects too often")]
    TooManyRedirects,
}

impl Refusal {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Scheme => "scheme",
            Self::Credentials => "credentials",
            Self::Port => "port",
            Self::Encoded => "encoded",
            Self::LocalName => "local_name",
            Self::MetadataName => "metadata_name",
            Self::Network(network) | Self::Resolved(network) => network.as_str(),
            Self::Unresolved => "unresolved",
            Self::TooManyRedirects => "too_many_redirects",
        }
    }
}

/// An address that may be asked; a name in it still has to resolve to what may be.
#[derive(Clone, Debug)]
pub struct Target {
    url: Url,
}

impl Target {
    pub fn parse(text: &str, policy: &Policy) -> Result<Self, Refusal> {
        if text.len() > LONGEST || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(Refusal::Malformed);
        }
        let target = Self::check(Url::parse(text).map_err(|_| Refusal::Malformed)?, policy);
        match target {
            Ok(target) if is_plain(text, &target.url) => Ok(target),
            Ok(_) => Err(Refusal::Encoded),
            refused => refused,
        }
    }

    /// Where a redirect leads to.
    pub fn follow(&self, location: &str, policy: &Policy) -> Result<Self, Refusal> {
        match Url::parse(location) {
            Ok(_) => Self::parse(location, policy),
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                Self::check(self.url.join(location).map_err(|_| Refusal::Malformed)?, policy)
            }
            Err(_) => Err(Refusal::Malformed),
        }
    }

    fn check(mut url: Url, policy: &Policy) -> Result<Self, Refusal> {
        if !policy.schemes.include(url.scheme()) {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        let refused = match url.host().ok_or(Refusal::Malformed)? {
            Host::Domain(name) => refuse_name(name),
            Host::Ipv4(address) => policy.refuses(address.into()).map(Refusal::Network),
            Host::Ipv6(address) => policy.refuses(address.into()).map(Refusal::Network),
        };
        if let Some(refusal) = refused {
            return Err(refusal);
        }
        if !url.port_or_known_default().is_some_and(|port| policy.ports.include(port)) {
            return Err(Refusal::Port);
        }
        url.set_fragment(None);
        Ok(Self { url })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// Whether the host is written as we write it.
fn is_plain(text: &str, url: &Url) -> bool {
    let plain = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    text.get(..plain.len()).is_some_and(|start| start.eq_ignore_ascii_case(&plain))
        && matches!(text.as_bytes().get(plain.len()), None | Some(b':' | b'/' | b'?' | b'#'))
}

/// Why a name is not even looked up.
fn refuse_name(name: &str) -> Option<Refusal> {
    if let Some(undotted) = name.strip_suffix('.') {
        // A dot at the end hides a name from lists of names.
        return refuse_name(undotted).or(Some(Refusal::Encoded));
    }
    let under = |root: &&str| name.strip_suffix(*root).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if METADATA.iter().any(under) || matches!(name, "metadata" | "instance-data") {
        return Some(Refusal::MetadataName);
    }
    // A name without a dot is the name of a machine nearby.
    if !name.contains('.') || LOCAL.iter().any(under) {
        return Some(Refusal::LocalName);
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (name.len() > 253 || !name.split('.').all(is_label)).then_some(Refusal::Malformed)
}
