//! `GET /models`: what a provider says it serves. Free of charge everywhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_openai::config::Config;
use chrono::NaiveDate;
use serde::Deserialize;

use super::failure::Failure;
use super::profiles::Dialect;
use super::reply::Loose;
use super::verdict::{Class, verdict};
use super::wire::{BodyMemory, Bounds, Expected, get};

const DEADLINE: Duration = Duration::from_secs(20);
/// The largest list: routers name hundreds of models, each with a description.
const LIST: usize = 8 << 20;

/// The models of a list, by name.
pub(crate) type Listing = BTreeMap<String, Listed>;

/// A model as its provider lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listed {
    /// The day that it is switched off.
    pub(crate) shutdown_date: Option<NaiveDate>,
    /// Micro-dollars per million tokens that go in and come out, where the provider says it.
    pub(crate) prices: Option<(u64, u64)>,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoListing {
    /// The key is not accepted; a short text says how.
    Refused(String),
    /// Anything else, in a short text.
    NoAnswer(String),
}

/// Asks for the list with one key.
pub(crate) async fn read(
    http: &reqwest::Client,
    memory: &BodyMemory,
    dialect: Dialect,
    endpoint: &Arc<dyn Config>,
) -> Result<Listing, NoListing> {
    let bounds = Bounds { first_byte: DEADLINE, whole: DEADLINE, body: Expected::Bytes(LIST) };
    if dialect == Dialect::OpenRouter {
        // It shows its models to everyone; whether a key is good it says elsewhere. A stand-in may not have that path.
        if let Err(error) = get(http, memory, endpoint, "/key", bounds).await {
            let failure = Failure::of_wire(&error);
            if verdict(&failure).class == Class::KeyRefused {
                return Err(no_listing(&failure));
            }
        }
    }
    let answer = get(http, memory, endpoint, "/models", bounds).await;
    let answer = answer.map_err(|error| no_listing(&Failure::of_wire(&error)))?;
    parse(&answer.body.bytes).ok_or_else(|| NoListing::NoAnswer("the answer was no list of models".to_owned()))
}

fn no_listing(failure: &Failure) -> NoListing {
    let text = failure.describe();
    if verdict(failure).class == Class::KeyRefused { NoListing::Refused(text) } else { NoListing::NoAnswer(text) }
}

fn parse(body: &[u8]) -> Option<Listing> {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
        /// Each provider that says it has a name of its own for it.
        #[serde(default, alias = "deprecation_date", alias = "expiration_date")]
        shutdown_date: Loose,
        #[serde(default)]
        pricing: Option<Pricing>,
    }
    /// Dollars per token.
    #[derive(Deserialize)]
    struct Pricing {
        #[serde(default)]
        prompt: Loose,
        #[serde(default)]
        completion: Loose,
    }
    let list: List = serde_json::from_slice(body).ok()?;
    let listed = |entry: Entry| {
        // A date may come with a time.
        let date = entry.shutdown_date.0.get(..10).and_then(|date| date.parse().ok());
        let price = |text: &Loose| text.0.parse::<f64>().ok().filter(|dollars| *dollars >= 0.0);
        let per_million = |dollars: f64| (dollars * 1e12).round() as u64;
        let prices = entry.pricing.and_then(|pricing| Some((price(&pricing.prompt)?, price(&pricing.completion)?)));
        let prices = prices.map(|(input, output)| (per_million(input), per_million(output)));
        (entry.id, Listed { shutdown_date: date, prices })
    };
    Some(list.data.into_iter().map(listed).collect())
}

#[cfg(test)]
mod tests {
    use super::{Listed, parse};

    #[test]
    fn lists_are_read_in_every_form() {
        let list = parse(
            br#"{"object":"list","data":[
                {"id":"a","object":"model","created":1,"owned_by":"x"},
                {"id":"b","shutdown_date":"2026-12-11"},
                {"id":"q/c:free","expiration_date":"2026-12-11T00:00:00Z","pricing":{"prompt":"0.00000015","completion":"0.0000006"}},
                {"id":"d","shutdown_date":null,"pricing":{"prompt":"-1","completion":"-1"}}]}"#,
        )
        .expect("a list");
        let date = "2026-12-11".parse().ok();
        assert_eq!(list.len(), 4);
        assert_eq!((&list["a"], &list["d"]), (&Listed::default(), &Listed::default()));
        assert_eq!(list["b"].shutdown_date, date);
        assert_eq!(list["q/c:free"], Listed { shutdown_date: date, prices: Some((150_000, 600_000)) });
        for none in ["<html>", "{}", r#"{"data":{}}"#, r#"{"error":{"code":401}}"#] {
            assert_eq!(parse(none.as_bytes()), None, "{none}");
        }
    }
}
