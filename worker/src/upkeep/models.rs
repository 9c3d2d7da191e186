//! Models: once a day, and when the configuration has changed, one worker reads what the providers say of the configured
//! models and keys, logs what an operator should know and leaves it for the API to show.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use shared::notices::{self, Notices, WarningKind};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::gateway::Asked;
use crate::worker::Worker;

/// How often it is looked whether a reading is due.
const LOOK: Duration = Duration::from_mins(10);
/// How soon after its start a worker looks at most.
const SOON: Duration = Duration::from_secs(3);
/// How old a reading may become.
const DAY: TimeDelta = TimeDelta::hours(24);
/// How old one may become that had no answer from a provider.
const HOUR: TimeDelta = TimeDelta::hours(1);

pub(super) async fn run(worker: &Worker, stop: &CancellationToken) {
    let mut pause = rand::rng().random_range(Duration::ZERO..SOON);
    let mut starting = true;
    loop {
        let once = async {
            tokio::time::sleep(pause).await;
            if let Err(error) = look(worker, starting).await {
                warn!(duty = "models", error = format!("{error:#}"), "a duty failed");
            }
        };
        tokio::select! {
            () = once => {}
            () = stop.cancelled() => return,
        }
        starting = false;
        // Workers that started together do not look together.
        pause = LOOK.mul_f64(rand::rng().random_range(0.8..1.2));
    }
}

async fn look(worker: &Worker, starting: bool) -> Result<()> {
    if !worker.posts.gateway.is_configured() {
        return Ok(());
    }
    let (mut redis, namespace) = (worker.posts.queue.redis(), worker.namespace());
    let configuration = worker.posts.gateway.configuration();
    let known = notices::read(&mut redis, namespace).await.context("the last reading could not be read")?;
    let changed = starting && known.as_ref().is_some_and(|known| known.configuration != configuration);
    if !changed && known.as_ref().is_some_and(|known| !is_due(known, Utc::now())) {
        return Ok(());
    }
    if !notices::claim(&mut redis, namespace).await? {
        return Ok(());
    }
    let survey = worker.posts.gateway.survey(Asked::OneOfEachPool).await;
    let news: HashSet<&str> = known.iter().flat_map(|known| &known.warnings).map(|warning| &*warning.text).collect();
    for warning in &survey.warnings {
        let (key, again) = (warning.key.as_deref().unwrap_or_default(), news.contains(&*warning.text));
        warn!(kind = warning.kind.as_str(), key, again, "{}", warning.text);
    }
    info!(providers = survey.providers.len(), warnings = survey.warnings.len(), "the providers' models were read");
    let notices = Notices { read_at: Utc::now(), configuration, warnings: survey.warnings };
    notices::write(&mut redis, namespace, &notices).await.context("the reading could not be kept")
}

fn is_due(known: &Notices, now: DateTime<Utc>) -> bool {
    let unanswered = known.warnings.iter().any(|warning| warning.kind == WarningKind::NoAnswer);
    now - known.read_at >= if unanswered { HOUR } else { DAY }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};
    use shared::notices::{Notices, Warning, WarningKind};

    use super::is_due;

    #[test]
    fn a_reading_lasts_a_day_and_one_without_an_answer_an_hour() {
        let after = |hours: i64, kind: Option<WarningKind>| {
            let warning = |kind| Warning {
                kind,
                provider: String::new(),
                pool: None,
                key: None,
                model: None,
                date: None,
                text: String::new(),
            };
            let warnings = kind.map(warning).into_iter().collect();
            let read_at = Utc::now() - TimeDelta::hours(hours);
            is_due(&Notices { read_at, configuration: 1, warnings }, Utc::now())
        };
        assert!(!after(23, None) && after(24, None));
        assert!(!after(23, Some(WarningKind::ModelMissing)));
        assert!(!after(0, Some(WarningKind::NoAnswer)) && after(1, Some(WarningKind::NoAnswer)));
    }
}
