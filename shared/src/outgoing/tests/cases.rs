//! Every line of `cases.txt`: names are looked up in the line, and connections are only written down.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use url::Host;

use crate::outgoing::carry::{Carry, Step};
use crate::outgoing::lookup::Checked;
use crate::outgoing::{Lookup, Network, OutgoingError, Policy, Ports, Refusal, Schemes, Target, walk};

const CASES: &str = include_str!("../cases.txt");

#[derive(Debug)]
struct Case<'t> {
    outcome: &'t str,
    /// An address, and what its name resolves to.
    hops: Vec<(&'t str, &'t str)>,
}

fn cases() -> impl Iterator<Item = Case<'static>> {
    CASES.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(number, line)| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        assert!(columns.len() >= 3 && columns.len() % 2 == 1, "line {}: {line}", number + 1);
        let hops = columns[1..].chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        Case { outcome: columns[0], hops }
    })
}

fn policy() -> Policy {
    Policy { schemes: Schemes::HttpAndHttps, ports: Ports::These(vec![80, 443]), also: Vec::new(), redirects: 3 }
}

/// Answers each hop's question once; a second question of the same hop finds nothing to answer with.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<String>>,
}

impl Lookup for Script {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let answer = answer.unwrap_or_else(|| panic!("{name} is looked up once too often"));
        assert_ne!(answer, "-", "{name} is not to be looked up");
        let found = answer.split(',').filter_map(|address| address.parse().ok()).collect();
        Box::pin(async move { Ok(found) })
    }
}

/// Connects to nothing, and fails the test when it should connect to what it must not.
struct Paper {
    checked: Checked,
    script: Arc<Script>,
    locations: Mutex<VecDeque<String>>,
}

impl Carry for Paper {
    type Answer = ();

    async fn carry(&self, target: &Target) -> Result<Step<()>, OutgoingError> {
        let addresses = match target.url().host().expect("a host") {
            Host::Domain(name) => self.checked.addresses(name.to_owned()).await?,
            Host::Ipv4(address) => vec![self.literal(address.into())],
            Host::Ipv6(address) => vec![self.literal(address.into())],
        };
        assert!(!addresses.is_empty());
        for address in addresses {
            assert_eq!(Network::of(address), None, "connects to {address}");
        }
        assert!(matches!(target.url().port_or_known_default(), Some(80 | 443)), "connects to {}", target.url());
        let location = self.locations.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Ok(location.map_or(Step::Arrived(()), Step::Elsewhere))
    }
}

impl Paper {
    fn of(case: &Case<'_>, policy: &Policy) -> Self {
        let answers = case.hops.iter().map(|(_, answer)| (*answer).to_owned()).collect();
        let locations = case.hops[1..].iter().map(|(location, _)| (*location).to_owned()).collect();
        let script = Arc::new(Script { answers: Mutex::new(answers) });
        let checked = Checked::new(Arc::new(policy.clone()), Arc::<Script>::clone(&script));
        Self { checked, script, locations: Mutex::new(locations) }
    }

    fn literal(&self, address: IpAddr) -> IpAddr {
        let answer = self.script.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        assert_eq!(answer.as_deref(), Some("-"), "{address} needs no look-up");
        address
    }
}

#[tokio::test]
async fn every_case_ends_as_it_should() {
    let policy = policy();
    let mut count = 0;
    for case in cases() {
        count += 1;
        let paper = Paper::of(&case, &policy);
        let outcome = match walk::walk(&paper, &policy, case.hops[0].0).await {
            Ok(()) => "allowed",
            Err(OutgoingError::Refused(refusal)) => refusal.as_str(),
            Err(OutgoingError::Failed(error)) => panic!("{case:?}: {error}"),
        };
        assert_eq!(outcome, case.outcome, "{case:?}");
        if outcome == "allowed" {
            let left = paper.locations.lock().unwrap_or_else(PoisonError::into_inner).len();
            assert_eq!(left, 0, "{case:?}: every redirect is followed");
        }
    }
    assert_eq!(count, 146);
}

#[test]
fn every_reason_to_refuse_has_a_case() {
    let covered = |outcome: &str| cases().any(|case| case.outcome == outcome);
    for refusal in [
        Refusal::Malformed,
        Refusal::Scheme,
        Refusal::Credentials,
        Refusal::Port,
        Refusal::Encoded,
        Refusal::LocalName,
        Refusal::MetadataName,
        Refusal::Unresolved,
        Refusal::TooManyRedirects,
    ] {
        assert!(covered(refusal.as_str()), "{refusal:?}");
    }
    for network in [
        Network::Unspecified,
        Network::Private,
        Network::Loopback,
        Network::LinkLocal,
        Network::Shared,
        Network::Protocol,
        Network::Documentation,
        Network::Benchmark,
        Network::Multicast,
        Network::Reserved,
        Network::Metadata,
        Network::Mapped,
        Network::Compatible,
        Network::Nat64,
        Network::SixToFour,
        Network::Teredo,
        Network::Isatap,
        Network::Orchid,
        Network::UniqueLocal,
        Network::SiteLocal,
    ] {
        assert!(covered(network.as_str()), "{network:?}");
    }
}

#[test]
fn an_exception_is_for_one_address() {
    let policy = Policy { also: Policy::addresses("10.0.0.5, ::1").expect("addresses"), ..policy() };
    for (address, allowed) in [
        ("http://10.0.0.5/", true),
        ("http://10.0.0.6/", false),
        ("http://[::1]/", true),
        ("http://[::ffff:10.0.0.5]/", false),
        ("http://10.0.0.5:8080/", false),
    ] {
        assert_eq!(Target::parse(address, &policy).is_ok(), allowed, "{address}");
    }
    assert!(Policy::addresses("10.0.0.0/8").is_err());
    assert!(Ports::read("80, many").is_err());
}

#[test]
fn where_only_https_is_asked_http_is_not() {
    let policy = Policy { schemes: Schemes::Https, ports: Ports::Any, ..policy() };
    let target = Target::parse("https://8.8.8.8/a.png", &policy).expect("https");
    for refused in [Target::parse("http://8.8.8.8/a.png", &policy), target.follow("http://8.8.8.8/b.png", &policy)] {
        assert!(matches!(refused, Err(Refusal::Scheme)), "{refused:?}");
    }
}

#[test]
fn names_that_machines_use_among_themselves_are_not_looked_up() {
    for (refusal, names) in [
        (
            Refusal::LocalName,
            "localhost localdomain local internal intranet private corp home lan home.arpa in-addr.arpa ip6.arpa onion \
             test",
        ),
        (
            Refusal::MetadataName,
            "metadata.google.internal metadata.goog instance-data.ec2.internal metadata.azure.com \
             metadata.tencentyun.com",
        ),
    ] {
        for name in names.split(' ') {
            let refused = Target::parse(&format!("http://printer.{name}/"), &policy());
            assert!(matches!(refused, Err(found) if found == refusal), "{name}: {refused:?}");
        }
    }
    for allowed in ["notlocalhost.example", "local.example", "metadata.goog.example", "mymetadata.goog"] {
        assert!(Target::parse(&format!("http://{allowed}/"), &policy()).is_ok(), "{allowed}");
    }
}

#[test]
fn an_address_is_no_longer_than_addresses_are() {
    let path = |length: usize| format!("http://a.example/{}", "x".repeat(length - "http://a.example/".len()));
    let name = |labels: &[usize]| {
        let labels: Vec<String> = labels.iter().map(|length| "x".repeat(*length)).collect();
        format!("http://{}/", labels.join("."))
    };
    for (address, allowed) in [
        (path(8 << 10), true),
        (path((8 << 10) + 1), false),
        (name(&[63, 7]), true),
        (name(&[64, 7]), false),
        (name(&[63, 63, 63, 61]), true),
        (name(&[63, 63, 63, 62]), false),
    ] {
        assert_eq!(Target::parse(&address, &policy()).is_ok(), allowed, "{address}");
    }
}
