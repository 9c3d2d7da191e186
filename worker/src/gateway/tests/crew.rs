//! Several workers, one provider with limits: what one of them may send depends on what all of them sent.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use shared::config::Names;
use simulator::{Limits, Simulator, SimulatorConfig};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{Books, Lease, THREE_KEYS, bakery, install_tls, keep, settings};
use crate::gateway::admission::BreakerTimes;
use crate::gateway::catalog::Catalog;
use crate::gateway::profiles::{Pooling, Profiles};
use crate::gateway::{Gateway, SendGuard, Stop};
use crate::prompts;

const WINDOW: u64 = 4;
const LIMIT: u64 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_never_exceed_a_limit_and_use_nearly_all_of_it() {
    install_tls();
    let limits = Limits { requests: Some(LIMIT), ..Limits::NONE };
    let limit_window = Duration::from_secs(WINDOW);
    let config = SimulatorConfig { limits, limit_window, ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).expect("a simulator");
    let mut profiles = Profiles::read("").expect("built in");
    let provider = profiles.providers.get_mut("openai").expect("built in");
    provider.base_url = simulator.url();
    provider.pooling = Pooling::Each;
    provider.window_seconds = NonZeroU64::new(WINDOW).expect("not 0");
    provider.requests_per_minute = NonZeroU64::new(LIMIT);
    profiles.routes.get_mut("caption").expect("built in").models.truncate(1);
    let (settings, names) = (settings(), Names::from(THREE_KEYS));
    let prices = shared::prices::Prices::read("").expect("built in");
    let mut crew = Vec::new();
    for _ in 0..3 {
        let catalog = Catalog::build(&profiles, &prices, &settings, &names).expect("a catalog");
        let guard = Arc::new(Lease(AtomicBool::new(true))) as Arc<dyn SendGuard>;
        let slots = Arc::new(Semaphore::new(64));
        let gateway = Gateway::over(catalog, &settings, slots, guard, BreakerTimes::default()).expect("a gateway");
        let done = keep(&gateway);
        crew.push((gateway, done));
    }
    let (start, whole) = (Instant::now(), limit_window * 3);
    let writers = crew.iter().flat_map(|(gateway, _)| std::iter::repeat_n(gateway.clone(), 24)).map(|gateway| {
        tokio::spawn(async move {
            while start.elapsed() < whole {
                match gateway.chat(&mut Books::default(), prompts::caption(&bakery())).await {
                    Ok(_) => {}
                    Err(Stop::Closed { after, .. }) => tokio::time::sleep(after.min(Duration::from_millis(300))).await,
                    Err(stop) => panic!("{stop:?}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no panic");
    }
    let took = start.elapsed();
    let bill = simulator.bill();
    assert!(bill.calls.iter().all(|call| call.status == 200), "a limit was exceeded");
    let allowed = 3.0 * LIMIT as f64 * took.as_secs_f64() / limit_window.as_secs_f64();
    let used = bill.calls.len() as f64 / allowed;
    assert!(used > 0.93, "{used:.3} of the limit was used in {took:?}");
}
