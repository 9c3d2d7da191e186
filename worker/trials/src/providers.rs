//! Simulated providers: OpenAI, OpenRouter and A4F, each its own server with three keys, each key its own pool.

use std::time::Duration;

use anyhow::Result;
use simulator::{Latency, LimitScope, Limits, ProviderKey, Running, Simulator, SimulatorConfig};

use crate::ground::Ground;
use crate::options::Options;
use crate::profile::Profile;
use crate::traffic::Call;

/// Keys of each provider.
pub(crate) const KEYS: usize = 3;

/// A provider as the trials know it.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    pub(crate) limits: Limits,
    pub(crate) caption_model: &'static str,
    pub(crate) image_model: Option<&'static str>,
    pub(crate) simulator: Running,
}

/// All of a trial's providers.
#[derive(Debug)]
pub(crate) struct Providers {
    pub(crate) all: Vec<Provider>,
    window: Duration,
}

/// What the three providers of a trial allow each key for each model in a window, in their order.
pub(crate) type ThreeLimits = [Limits; 3];

impl Providers {
    /// Three providers that take `latency` for every call and enforce `limits`.
    pub(crate) fn three(limits: ThreeLimits, window: Duration, latency: Duration) -> Result<Self> {
        let models = [
            ("openai", "gpt-4o-mini", Some("gpt-image-2")),
            ("openrouter", "qwen/qwen2.5-vl-72b-instruct:free", None),
            ("a4f", "gpt-4.1-mini", Some("provider-4/imagen-4")),
        ];
        let mut all = Vec::new();
        for ((name, caption_model, image_model), limits) in models.into_iter().zip(limits) {
            let simulator = Simulator::start(SimulatorConfig {
                keys: (1..=KEYS).map(|number| ProviderKey::new(&key(name, number))).collect(),
                limits,
                limit_window: window,
                limit_scope: LimitScope::PoolAndModel,
                chat_latency: Latency::constant(latency),
                image_latency: Latency::constant(latency),
                // Drawing would be most of what the trial computes.
                image_pool: Some(4),
                ..SimulatorConfig::default()
            })?;
            all.push(Provider { name, limits, caption_model, image_model, simulator });
        }
        Ok(Self { all, window })
    }

    /// What ships, with these providers in the place of the real ones, their limits stated and one model of each in the
    /// routes.
    pub(crate) fn profile(&self, options: &Options) -> Result<Profile> {
        let mut profile = Profile::shipped(options)?;
        for provider in &self.all {
            profile = profile.at(provider.name, &provider.simulator.url());
            if provider.limits != Limits::NONE {
                profile = profile.limited(provider.name, provider.limits, self.window.as_secs());
            }
        }
        let captions: Vec<_> = self.all.iter().map(|provider| (provider.name, provider.caption_model)).collect();
        let images: Vec<_> =
            self.all.iter().filter_map(|provider| Some((provider.name, provider.image_model?))).collect();
        Ok(profile.route("caption", &captions).route("image", &images))
    }

    /// Writes the profile and answers what a worker's environment needs: the file and the keys.
    pub(crate) fn environment(&self, ground: &Ground, profile: &Profile) -> Result<Vec<(String, String)>> {
        let file = profile.write(&ground.folder)?.display().to_string();
        let mut names = vec![("BROADSIDE_PROVIDERS__PROFILES".to_owned(), file)];
        for provider in &self.all {
            for number in 1..=KEYS {
                names.push((label(provider.name, number), key(provider.name, number)));
            }
        }
        Ok(names)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Provider> {
        self.all.iter().find(|provider| provider.name == name)
    }

    /// Every call so far, in the order of arrival.
    pub(crate) fn calls(&self) -> Result<Vec<Call>> {
        let mut calls = Vec::new();
        for provider in &self.all {
            for call in provider.simulator.bill().calls {
                calls.push(Call::read(provider.name, call)?);
            }
        }
        calls.sort_by_key(|call| call.at);
        Ok(calls)
    }

    /// What all calls cost, in nano-dollars, by the providers' own arithmetic.
    pub(crate) fn billed_nanos(&self) -> i64 {
        self.all.iter().map(|provider| provider.simulator.bill().total_nanos).sum()
    }
}

/// The key as the provider knows it.
pub(crate) fn key(provider: &str, number: usize) -> String {
    format!("sk-{provider}-{number}")
}

/// The name that the key has in the environment of a worker.
fn label(provider: &str, number: usize) -> String {
    format!("{}_API_KEY_{number}", provider.to_uppercase())
}
