//! `providers list`: how everything stands, for people.

use chrono::{DateTime, Utc};
use shared::gateway_state::{BreakerState, Closed, GatewayState, LimitState, ModelState, PoolState};

use super::terminal::Page;

pub(super) fn report(state: &GatewayState) -> String {
    let mut page = Page::default();
    for provider in &state.providers {
        page.line(format!(
            "{} at {}{}",
            provider.name,
            provider.host,
            provider.breaker.map(breaker).unwrap_or_default()
        ));
        for pool in &provider.pools {
            of_pool(&mut page, pool, provider.window_seconds);
        }
    }
    if state.providers.is_empty() {
        page.line("No worker is running, so nothing is known of limits and breakers.");
    }
    if state.closed.is_empty() {
        page.line("Nothing is put aside.");
    } else {
        page.line("Put aside:");
        let row = |closed: &Closed| vec![closed.scope.to_string(), aside(closed)];
        page.table(&state.closed.iter().map(row).collect::<Vec<_>>(), 2);
    }
    page.text()
}

fn of_pool(page: &mut Page, pool: &PoolState, window_seconds: u64) {
    let most = pool.concurrency.map_or(String::new(), |most| format!(" of {most}"));
    let closed = pool.closed.as_ref().map_or(String::new(), |closed| format!(", {}", aside(closed)));
    page.line(format!("  pool {}: {}{most} calls in flight{closed}", pool.name, pool.in_flight));
    let keys = pool.keys.iter().map(|key| {
        let state = key.closed.as_ref().map_or("ok".to_owned(), aside);
        vec![key.label.clone(), state]
    });
    page.table(&keys.collect::<Vec<_>>(), 4);
    let models = pool.models.iter().map(|model| {
        let limits: Vec<_> = model.limits.iter().map(|limit| of_limit(limit, window_seconds)).collect();
        vec![model.name.clone(), model.steps.join(", "), of_model(model), limits.join("; ")]
    });
    page.table(&models.collect::<Vec<_>>(), 4);
}

fn of_model(model: &ModelState) -> String {
    if let Some(closed) = &model.closed {
        return aside(closed);
    }
    if let Some(until) = model.resting_until {
        return format!("rests until {}", clock(until));
    }
    model.breaker.map_or("ok".to_owned(), |state| breaker(state).trim_start_matches(", ").to_owned())
}

fn of_limit(limit: &LimitState, window_seconds: u64) -> String {
    let source = if limit.learnt == Some(limit.limit) && limit.stated != Some(limit.limit) { " (learnt)" } else { "" };
    let left = limit.remaining.map_or(String::new(), |left| format!(", {left} left"));
    format!("{} {} in {window_seconds} s{source}{left}", limit.limit, limit.dimension.as_str())
}

fn breaker(state: BreakerState) -> String {
    format!(", breaker {} until {}", state.phase.as_str(), clock(state.until))
}

fn aside(closed: &Closed) -> String {
    format!("{} since {} until {}", closed.class, clock(closed.since), clock(closed.until))
}

fn clock(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use shared::gateway_state::{
        BreakerPhase, BreakerState, Closed, Dimension, GatewayState, KeyState, LimitState, ModelState, PoolState,
        ProviderState,
    };

    use super::report;

    #[test]
    fn a_state_reads_as_a_table() {
        let at = |minute| Utc.with_ymd_and_hms(2026, 11, 22, 12, minute, 0).single().expect("a time");
        let closed = Closed {
            scope: "key/openai/K_2".parse().expect("a scope"),
            class: "key_refused".to_owned(),
            since: at(0),
            until: at(10),
        };
        let limit = LimitState {
            dimension: Dimension::Requests,
            stated: Some(600),
            learnt: Some(500),
            limit: 500,
            remaining: Some(7),
            booked_ahead_ms: 0,
        };
        let model = ModelState {
            name: "m".to_owned(),
            steps: vec!["caption".to_owned()],
            closed: None,
            resting_until: None,
            limits: vec![limit],
            breaker: Some(BreakerState { phase: BreakerPhase::Open, until: at(1) }),
        };
        let key = |label: &str, closed| KeyState { label: label.to_owned(), closed };
        let pool = PoolState {
            name: "shop".to_owned(),
            keys: vec![key("K_1", None), key("K_2", Some(closed.clone()))],
            closed: None,
            in_flight: 3,
            concurrency: Some(16),
            models: vec![model],
        };
        let provider = ProviderState {
            name: "openai".to_owned(),
            dialect: "openai".to_owned(),
            host: "api.openai.com".to_owned(),
            window_seconds: 60,
            breaker: None,
            pools: vec![pool],
        };
        assert_eq!(
            report(&GatewayState { providers: vec![provider], closed: vec![closed] }),
            "openai at api.openai.com\n  pool shop: 3 of 16 calls in flight\n    K_1  ok\n    \
             K_2  key_refused since 2026-11-22 12:00:00 UTC until 2026-11-22 12:10:00 UTC\n    \
             m  caption  breaker open until 2026-11-22 12:01:00 UTC  500 requests in 60 s (learnt), 7 left\n\
             Put aside:\n  key/openai/K_2  key_refused since 2026-11-22 12:00:00 UTC until 2026-11-22 12:10:00 UTC\n"
        );
        assert!(report(&GatewayState::default()).contains("No worker is running"));
    }
}
