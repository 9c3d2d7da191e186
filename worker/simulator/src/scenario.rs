//! The faults that are waiting for calls.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::{fault::Fault, kind::Kind, latency::Latency, seed::Seed};

/// What a scenario file or `POST /_sim/scenario` holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Drops the faults that are still waiting before adding these.
    pub replace: bool,
    /// In order: of several that match a call, the first is used.
    pub faults: Vec<Fault>,
    /// New latency of text completions and moderations.
    pub chat_latency: Option<Latency>,
    /// New latency of images.
    pub image_latency: Option<Latency>,
    /// New latency of batches.
    pub batch_latency: Option<Latency>,
}

impl Scenario {
    /// Reads the TOML of a scenario file.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        scenario.checked()
    }

    /// Reads the JSON of `POST /_sim/scenario`.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        let scenario: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        scenario.checked()
    }

    fn checked(self) -> Result<Self, String> {
        for (at, fault) in self.faults.iter().enumerate() {
            fault.check().map_err(|why| format!("faults[{at}]: {why}"))?;
        }
        let latencies = [
            ("chat_latency", self.chat_latency),
            ("image_latency", self.image_latency),
            ("batch_latency", self.batch_latency),
        ];
        for (name, latency) in latencies {
            if let Some(latency) = latency {
                latency.check().map_err(|why| format!("{name}: {why}"))?;
            }
        }
        Ok(self)
    }
}

/// A fault that waits, as `GET /_sim/scenario` lists it.
#[derive(Debug, Clone, Serialize)]
pub struct WaitingFault {
    #[serde(flatten)]
    pub fault: Fault,
    /// Calls it hit so far.
    pub hits: u64,
    /// Calls it will still hit; absent if there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Waiting {
    /// Read first, so that calls cost nothing extra while there are no faults.
    count: AtomicUsize,
    list: Mutex<(Vec<WaitingFault>, Seed)>,
}

impl Waiting {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { count: AtomicUsize::new(0), list: Mutex::new((Vec::new(), seed)) }
    }

    pub(crate) fn add(&self, fault: Fault) {
        self.edit(|list| {
            let left = fault.limit();
            list.push(WaitingFault { fault, hits: 0, left });
        });
    }

    pub(crate) fn clear(&self) {
        self.edit(Vec::clear);
    }

    pub(crate) fn list(&self) -> Vec<WaitingFault> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// The fault for this call, if one matches; it is used up by one. `says` tells whether the prompt contains a text.
    pub(crate) fn take(&self, kind: Kind, key: &str, model: &str, says: &dyn Fn(&str) -> bool) -> Option<Fault> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut guard = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let (list, seed) = &mut *guard;
        let at = list.iter().position(|waiting| {
            let share = waiting.fault.share();
            waiting.fault.matches(kind, key, model, says) && (share >= 1.0 || seed.unit() < share)
        })?;
        let waiting = list.get_mut(at)?;
        waiting.hits += 1;
        waiting.left = waiting.left.map(|left| left - 1);
        let fault = waiting.fault.clone();
        if waiting.left == Some(0) {
            list.remove(at);
            self.count.store(list.len(), Ordering::Release);
        }
        Some(fault)
    }

    fn edit(&self, change: impl FnOnce(&mut Vec<WaitingFault>)) {
        let mut guard = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut guard.0);
        self.count.store(guard.0.len(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(toml: &str) -> String {
        Scenario::from_toml(toml).expect_err("refused")
    }

    #[test]
    fn faults_are_used_in_order_and_used_up() {
        let waiting = Waiting::new(Seed::new(1));
        waiting.add(Fault::chat().status(500).times(1));
        waiting.add(Fault::any().key("k1").status(429));
        let take = |kind, key| waiting.take(kind, key, "m", &|_| false).map(|fault| fault.refusal_sent().status);
        assert_eq!(take(Kind::Image, "k2"), None);
        assert_eq!(take(Kind::Chat, "k1"), Some(500));
        assert_eq!(take(Kind::Chat, "k1"), Some(429));
        assert_eq!(take(Kind::Chat, "k2"), None);
        let left = waiting.list();
        assert_eq!((left.len(), left[0].hits, left[0].left), (1, 1, None));
    }

    #[test]
    fn a_share_of_the_calls_is_hit() {
        let waiting = Waiting::new(Seed::new(1));
        waiting.add(Fault::any().status(503).probability(0.25));
        let hit = (0..4000).filter(|_| waiting.take(Kind::Chat, "k", "m", &|_| false).is_some()).count();
        assert!((900..1100).contains(&hit), "{hit}");
    }

    #[test]
    fn faults_look_into_the_prompt() {
        let waiting = Waiting::new(Seed::new(1));
        waiting.add(Fault::any().contains("bread").refusal());
        let take = |kind, prompt: &str| waiting.take(kind, "k", "m", &|text| prompt.contains(text));
        assert!(take(Kind::Chat, "fresh bread").is_some());
        assert!(take(Kind::Chat, "cake").is_none());
        assert!(take(Kind::Image, "bread").is_none(), "only text can be refused in words");
    }

    #[test]
    fn a_scenario_file_says_what_is_wrong_with_it() {
        assert!(refused("[[faults]]\nstatus = 429\ntims = 3").contains("tims"));
        assert!(refused("[[faults]]\neffect = \"explode\"").contains("explode"));
        assert!(refused("[[faults]]\nkind = \"chat\"").contains("faults[0]: does nothing"));
        assert!(refused("[[faults]]\nstatus = 200").contains("from 400 to 599"));
        assert!(refused("[[faults]]\nkind = \"image\"\neffect = \"refusal\"").contains("does not apply"));
        assert!(refused("[[faults]]\neffect = \"drip\"\nmessage = \"x\"").contains("`message` belongs to"));
        assert!(refused("[[faults]]\nstatus = 500\nprobability = 2").contains("probability"));
        assert!(refused("[[faults]]\nstatus = 500\ntimes = 0").contains("times"));
        assert!(refused("[[faults]]\neffect = \"text\"").contains("needs `text`"));
        assert!(refused("chat_latency = { median_ms = 1, sigma = 9 }").contains("chat_latency: sigma"));
    }

    #[test]
    fn a_whole_scenario_is_read() {
        let scenario = Scenario::from_toml(
            r#"
            chat_latency = { median_ms = 800, sigma = 0.4 }
            [[faults]]
            kind = "chat"
            key = "k1"
            times = 3
            status = 429
            code = "insufficient_quota"
            retry_after = 2
            [[faults]]
            kind = "image"
            probability = 0.05
            effect = "corrupt_image"
            headers = { "x-test" = "1" }
            "#,
        )
        .expect("valid");
        assert_eq!(scenario.faults.len(), 2);
        assert_eq!(scenario.faults[0].refusal_sent().code, "insufficient_quota");
        assert_eq!(scenario.chat_latency, Some(Latency { median_ms: 800, sigma: 0.4 }));
    }
}
