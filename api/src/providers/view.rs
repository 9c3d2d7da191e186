//! The providers as callers see them.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use shared::domain::Nanodollars;
use shared::gateway_state::{
    BreakerState, Closed, GatewayState, KeyState, LimitState, ModelState, PoolState, ProviderState,
};
use shared::notices::{Notices, Warning};
use shared::store::spending::KeySpending;

use super::spending::Whose;
use crate::time::rfc3339;

/// What Redis told; the state is none when it told nothing.
pub(super) struct Known {
    pub(super) state: Option<GatewayState>,
    pub(super) notices: Option<Notices>,
}

/// The providers and how they stand.
#[derive(Debug, Object)]
#[oai(rename = "Providers", read_only_all)]
pub(super) struct ProvidersView {
    /// `known`, or `unknown` while Redis is away or no worker runs: then `providers` is empty.
    state: String,
    providers: Vec<ProviderView>,
    /// Everything that is put aside now, also of what is no longer configured.
    put_aside: Vec<AsideView>,
    /// What the providers last said of the configured models and keys.
    warnings: Vec<WarningView>,
    /// When their lists of models were last read.
    models_read_at: Option<String>,
    /// Whose spending is shown: `own`, or `installation` to an administrator.
    spending_of: String,
    spending: SpendingView,
    /// The spending by key, also of keys that are no longer configured.
    spending_by_key: Vec<KeySpendingView>,
}

#[derive(Debug, Object)]
#[oai(rename = "Provider", read_only_all)]
struct ProviderView {
    name: String,
    /// How its requests are written: `openai`, `openrouter` or `a4f`.
    dialect: String,
    host: String,
    /// The length of the window that its limits count in.
    window_seconds: u64,
    /// The breaker of the host as a whole; null while it is closed.
    breaker: Option<BreakerView>,
    pools: Vec<PoolView>,
}

/// What shares a limit.
#[derive(Debug, Object)]
#[oai(rename = "ProviderPool", read_only_all)]
struct PoolView {
    name: String,
    /// `ok` or `put_aside`.
    state: String,
    aside: Option<AsideView>,
    /// Calls booked or under way.
    in_flight: u64,
    /// How many may be; null where only the limits bound them.
    concurrency: Option<u64>,
    keys: Vec<KeyView>,
    models: Vec<ModelView>,
}

#[derive(Debug, Object)]
#[oai(rename = "ProviderKey", read_only_all)]
struct KeyView {
    /// The name of the environment that the key came from, never the key.
    label: String,
    /// `ok` or `put_aside`.
    state: String,
    aside: Option<AsideView>,
    spending: SpendingView,
}

#[derive(Debug, Object)]
#[oai(rename = "ProviderModel", read_only_all)]
struct ModelView {
    name: String,
    /// The steps that ask it, and other routes that name it.
    steps: Vec<String>,
    /// `ok`, `put_aside`, `resting` (over its limit) or `breaker`.
    state: String,
    aside: Option<AsideView>,
    /// Over its limit until then.
    resting_until: Option<String>,
    /// Null while it is closed.
    breaker: Option<BreakerView>,
    limits: Vec<LimitView>,
}

/// Why something is not called, and until when.
#[derive(Debug, Object)]
#[oai(rename = "PutAside", read_only_all)]
struct AsideView {
    /// `key/PROVIDER/LABEL`, `pool/PROVIDER/POOL` or `model/PROVIDER/POOL/MODEL`: what an operator releases it by.
    name: String,
    /// `key_refused`, `out_of_credit`, `model_unavailable`, …
    class: String,
    since: String,
    until: String,
}

#[derive(Debug, Object)]
#[oai(rename = "ProviderBreaker", read_only_all)]
struct BreakerView {
    /// `open` (nothing is called), `half_open` (one call tries) or `ramping_up`.
    state: String,
    /// When it lets a call try.
    until: String,
}

/// A limit in a window. Models that share it show the same.
#[derive(Debug, Object)]
#[oai(rename = "ProviderLimit", read_only_all)]
struct LimitView {
    /// `requests`, `tokens` or `images`.
    of: String,
    /// As configured.
    stated: Option<u64>,
    /// As the provider's headers say.
    learnt: Option<u64>,
    /// The tighter of the two.
    limit: u64,
    /// What the provider said was left, when it last said so.
    remaining: Option<u64>,
    /// How far ahead calls are booked.
    booked_ahead_ms: u64,
}

/// Days and months are those of UTC.
#[derive(Clone, Copy, Debug, Default, Object)]
#[oai(rename = "Spending", read_only_all)]
struct SpendingView {
    calls_today: i64,
    calls_month: i64,
    today_nanos: i64,
    today_usd: f64,
    month_nanos: i64,
    month_usd: f64,
    /// What calls that were cut off may have cost on top, at most.
    unconfirmed_nanos: i64,
    unconfirmed_usd: f64,
}

#[derive(Debug, Object)]
#[oai(rename = "SpendingOfKey", read_only_all)]
struct KeySpendingView {
    provider: String,
    pool: String,
    /// The label of the key, never the key.
    key: String,
    spending: SpendingView,
}

#[derive(Debug, Object)]
#[oai(rename = "ProviderWarning", read_only_all)]
struct WarningView {
    /// `model_missing`, `model_shut_down`, `shutdown_announced`, `price_differs`, `key_refused` or `no_answer`.
    kind: String,
    provider: String,
    pool: Option<String>,
    /// The label of the key that it is about.
    key: Option<String>,
    model: Option<String>,
    /// The day that the model is switched off.
    date: Option<String>,
    text: String,
}

impl ProvidersView {
    pub(super) fn of(known: Known, spending: &[KeySpending], whose: Whose) -> Self {
        let GatewayState { providers, closed } = known.state.unwrap_or_default();
        let (read_at, warnings) = known.notices.map(|notices| (rfc3339(notices.read_at), notices.warnings)).unzip();
        Self {
            state: if providers.is_empty() { "unknown" } else { "known" }.to_owned(),
            providers: providers.into_iter().map(|provider| ProviderView::of(provider, spending)).collect(),
            put_aside: closed.iter().map(AsideView::of).collect(),
            warnings: warnings.unwrap_or_default().into_iter().map(WarningView::from).collect(),
            models_read_at: read_at,
            spending_of: match whose {
                Whose::Installation => "installation",
                Whose::Own(_) => "own",
            }
            .to_owned(),
            spending: SpendingView::of(spending),
            spending_by_key: spending
                .iter()
                .map(|key| KeySpendingView {
                    provider: key.provider.clone(),
                    pool: key.pool.clone(),
                    key: key.key_label.clone(),
                    spending: SpendingView::of([key]),
                })
                .collect(),
        }
    }
}

impl ProviderView {
    fn of(provider: ProviderState, spending: &[KeySpending]) -> Self {
        let ProviderState { name, dialect, host, window_seconds, breaker, pools } = provider;
        let pools = pools.into_iter().map(|pool| PoolView::of(pool, &name, spending)).collect();
        Self { dialect, host, window_seconds, breaker: breaker.map(BreakerView::of), pools, name }
    }
}

impl PoolView {
    fn of(pool: PoolState, provider: &str, spending: &[KeySpending]) -> Self {
        let PoolState { name, keys, closed, in_flight, concurrency, models } = pool;
        let key = |KeyState { label, closed }: KeyState| {
            let own =
                spending.iter().filter(|key| key.provider == provider && key.pool == name && key.key_label == label);
            let spending = SpendingView::of(own);
            KeyView { state: state_of(closed.as_ref()), aside: closed.as_ref().map(AsideView::of), label, spending }
        };
        Self {
            keys: keys.into_iter().map(key).collect(),
            state: state_of(closed.as_ref()),
            aside: closed.as_ref().map(AsideView::of),
            in_flight,
            concurrency,
            models: models.into_iter().map(ModelView::of).collect(),
            name,
        }
    }
}

impl ModelView {
    fn of(model: ModelState) -> Self {
        let ModelState { name, steps, closed, resting_until, limits, breaker } = model;
        let state = match (&closed, resting_until, breaker) {
            (Some(_), ..) => "put_aside",
            (None, Some(_), _) => "resting",
            (None, None, Some(_)) => "breaker",
            (None, None, None) => "ok",
        };
        Self {
            name,
            steps,
            state: state.to_owned(),
            aside: closed.as_ref().map(AsideView::of),
            resting_until: resting_until.map(rfc3339),
            breaker: breaker.map(BreakerView::of),
            limits: limits.into_iter().map(LimitView::from).collect(),
        }
    }
}

fn state_of(closed: Option<&Closed>) -> String {
    if closed.is_some() { "put_aside" } else { "ok" }.to_owned()
}

impl AsideView {
    fn of(closed: &Closed) -> Self {
        let time = |time: DateTime<Utc>| rfc3339(time);
        Self {
            name: closed.scope.to_string(),
            class: closed.class.clone(),
            since: time(closed.since),
            until: time(closed.until),
        }
    }
}

impl BreakerView {
    fn of(breaker: BreakerState) -> Self {
        Self { state: breaker.phase.as_str().to_owned(), until: rfc3339(breaker.until) }
    }
}

impl From<LimitState> for LimitView {
    fn from(limit: LimitState) -> Self {
        Self {
            of: limit.dimension.as_str().to_owned(),
            stated: limit.stated,
            learnt: limit.learnt,
            limit: limit.limit,
            remaining: limit.remaining,
            booked_ahead_ms: limit.booked_ahead_ms,
        }
    }
}

impl SpendingView {
    fn of<'a>(keys: impl IntoIterator<Item = &'a KeySpending>) -> Self {
        let sum = keys.into_iter().fold(Self::default(), |sum, key| Self {
            calls_today: sum.calls_today + key.calls_today,
            calls_month: sum.calls_month + key.calls_month,
            today_nanos: sum.today_nanos + key.today.0,
            month_nanos: sum.month_nanos + key.month.0,
            unconfirmed_nanos: sum.unconfirmed_nanos + key.unconfirmed.0,
            ..sum
        });
        let usd = |nanos: i64| Nanodollars(nanos).to_usd();
        Self {
            today_usd: usd(sum.today_nanos),
            month_usd: usd(sum.month_nanos),
            unconfirmed_usd: usd(sum.unconfirmed_nanos),
            ..sum
        }
    }
}

impl From<Warning> for WarningView {
    fn from(warning: Warning) -> Self {
        Self {
            kind: warning.kind.as_str().to_owned(),
            provider: warning.provider,
            pool: warning.pool,
            key: warning.key,
            model: warning.model,
            date: warning.date.map(|date| date.to_string()),
            text: warning.text,
        }
    }
}
