//! What models cost: exact integer arithmetic over the price list.
//!
//! Prices are micro-dollars per million tokens, so tokens times price is in units of 10⁻¹² dollars. The products of one
//! call are summed and rounded up once, to a whole nano-dollar.

mod format;
mod request;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::Nanodollars;

pub use format::{Format, LargestSize, parse_size};
pub use request::{CAPTION_FRAME, IMAGE_FRAME, LONGEST_IMAGE_VALUE, brand_picture_weight, brand_weight, weight};

/// The price list that is built in.
const BUILT_IN: &str = include_str!("../../../config/prices.toml");

/// Why a price list cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct PriceListError {
    pub path: String,
    pub why: String,
}

/// What a model makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    Text,
    Image,
    Moderation,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    /// Those of the input that came from the provider's cache.
    pub cached: u64,
    /// Those of the input that stand for images.
    pub pictures: u64,
    pub output: u64,
}

/// What every known model costs.
#[derive(Debug)]
pub struct Prices {
    /// The date of the list: kept with each attempt.
    pub version: String,
    models: BTreeMap<String, ModelPrice>,
}

/// One model's prices.
#[derive(Clone, Debug)]
pub struct ModelPrice {
    pub output: Output,
    pub shutdown_date: Option<chrono::NaiveDate>,
    /// What a line of a batch costs, in percent of a call; `None` where the Batch API does not take the model.
    batch_percent: Option<u64>,
    tariff: Tariff,
}

/// Micro-dollars per million tokens, except where said.
#[derive(Clone, Debug)]
enum Tariff {
    Text {
        input: u64,
        cached: u64,
        output: u64,
        /// Of the prices above, what is charged: 100, and less for lines of batches.
        percent: u64,
    },
    ImageTokens {
        text: u64,
        image: u64,
        output: u64,
        tokens: Vec<(Format, u64)>,
        /// The most tokens of one picture that is shown to the model; `None` where nobody stated it.
        reference: Option<u64>,
    },
    /// Nano-dollars of one image.
    Pieces(Vec<(Format, u64)>),
    Free,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceFile {
    checked_on: String,
    #[serde(rename = "model")]
    models: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    output: Output,
    input: Option<u64>,
    cached_input: Option<u64>,
    output_price: Option<u64>,
    batch_percent: Option<u64>,
    text_input: Option<u64>,
    image_input: Option<u64>,
    image_output: Option<u64>,
    reference_tokens: Option<u64>,
    image_tokens: Option<BTreeMap<String, u64>>,
    per_image: Option<BTreeMap<String, u64>>,
    #[serde(rename = "source")]
    _source: String,
    shutdown_date: Option<String>,
}

impl Prices {
    /// Reads the file at `path`, or the built-in list when it is empty.
    pub fn read(path: &str) -> Result<Self, PriceListError> {
        let named = if path.is_empty() { "config/prices.toml" } else { path };
        let file = |why: String| PriceListError { path: named.to_owned(), why };
        let text = match path {
            "" => BUILT_IN.to_owned(),
            path => std::fs::read_to_string(path).map_err(|error| file(error.to_string()))?,
        };
        Self::parse(&text).map_err(file)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let list: PriceFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut models = BTreeMap::new();
        for entry in list.models {
            let id = entry.id.clone();
            let price = entry.price().map_err(|why| format!("{id}: {why}"))?;
            if models.insert(id.clone(), price).is_some() {
                return Err(format!("{id} is listed twice"));
            }
        }
        Ok(Self { version: list.checked_on, models })
    }

    pub fn of(&self, model: &str) -> Option<&ModelPrice> {
        self.models.get(model)
    }
}

impl Entry {
    fn price(self) -> Result<ModelPrice, String> {
        let tariff = match (self.output, self.image_tokens, self.per_image) {
            (Output::Text, None, None) => Tariff::Text {
                input: self.input.ok_or("input is missing")?,
                cached: self.cached_input.or(self.input).unwrap_or_default(),
                output: self.output_price.ok_or("output_price is missing")?,
                percent: 100,
            },
            (Output::Image, Some(tokens), None) => Tariff::ImageTokens {
                text: self.text_input.ok_or("text_input is missing")?,
                image: self.image_input.ok_or("image_input is missing")?,
                output: self.image_output.ok_or("image_output is missing")?,
                tokens: formats(tokens)?,
                reference: self.reference_tokens,
            },
            (Output::Image, None, Some(pieces)) => Tariff::Pieces(formats(pieces)?),
            (Output::Image, _, _) => return Err("it needs image_tokens or per_image, and not both".to_owned()),
            (Output::Moderation, None, None) => Tariff::Free,
            _ => return Err("image_tokens and per_image belong to image models".to_owned()),
        };
        let shutdown_date = match self.shutdown_date {
            None => None,
            Some(date) => Some(date.parse().map_err(|_| format!("shutdown_date {date:?} is no date"))?),
        };
        if self.batch_percent.is_some_and(|percent| !(1..=100).contains(&percent)) {
            return Err("batch_percent must be from 1 to 100".to_owned());
        }
        Ok(ModelPrice { output: self.output, shutdown_date, batch_percent: self.batch_percent, tariff })
    }
}

fn formats(table: BTreeMap<String, u64>) -> Result<Vec<(Format, u64)>, String> {
    if table.is_empty() {
        return Err("it offers no size".to_owned());
    }
    table
        .into_iter()
        .map(|(key, amount)| match Format::parse(&key) {
            Some(format) => Ok((format, amount)),
            None => Err(format!("{key:?} is not WIDTHxHEIGHT.quality")),
        })
        .collect()
}

impl ModelPrice {
    /// The prices of a line of a batch; `None` for a model that is not batched.
    pub fn in_batches(&self) -> Option<Self> {
        match (&self.tariff, self.batch_percent) {
            (Tariff::Text { input, cached, output, .. }, Some(percent)) => {
                let tariff = Tariff::Text { input: *input, cached: *cached, output: *output, percent };
                Some(Self { tariff, ..self.clone() })
            }
            _ => None,
        }
    }

    /// Micro-dollars per million tokens in and out, of a model that is priced so.
    pub fn per_million(&self) -> Option<(u64, u64)> {
        match self.tariff {
            Tariff::Text { input, output, .. } => Some((input, output)),
            Tariff::ImageTokens { .. } | Tariff::Pieces(_) | Tariff::Free => None,
        }
    }

    /// The most that a chat call can cost: a byte of the request is at least a token, and the completion is capped.
    pub fn chat_bound(&self, request_bytes: usize, completion_cap: u32) -> Nanodollars {
        let (bytes, cap) = (request_bytes as u64, u64::from(completion_cap));
        match &self.tariff {
            Tariff::Text { input, output, percent, .. } => sum_at(*percent, &[(bytes, *input), (cap, *output)]),
            // An image that comes through chat: what it may write besides is capped too.
            Tariff::ImageTokens { text, output, tokens, .. } => {
                let largest = tokens.iter().map(|(_, tokens)| *tokens).max().unwrap_or_default();
                sum(&[(bytes, *text), (cap.max(largest), *output)])
            }
            Tariff::Pieces(pieces) => dearest(pieces),
            Tariff::Free => Nanodollars::ZERO,
        }
    }

    /// The most that one image can cost.
    pub fn image_bound(&self, request_bytes: usize, format: &Format) -> Nanodollars {
        match &self.tariff {
            Tariff::ImageTokens { text, output, tokens, .. } => {
                let tokens = amount(tokens, format).unwrap_or_default();
                sum(&[(request_bytes as u64, *text), (tokens, *output)])
            }
            Tariff::Pieces(pieces) => Nanodollars(amount(pieces, format).unwrap_or_default() as i64),
            Tariff::Text { .. } | Tariff::Free => Nanodollars::ZERO,
        }
    }

    /// The most tokens that one picture counts for which an image is made of; `None` where that cannot be bounded.
    pub fn reference_tokens(&self) -> Option<u64> {
        match &self.tariff {
            Tariff::ImageTokens { reference, .. } => *reference,
            // What is paid by the image costs the same, whatever it is made of.
            Tariff::Pieces(_) => Some(0),
            Tariff::Text { .. } | Tariff::Free => None,
        }
    }

    /// The most that so many such pictures can cost, beside what [`image_bound`](Self::image_bound) or
    /// [`chat_bound`](Self::chat_bound) says. Some models count a part of a picture's tokens as text, so the dearer of the
    /// two prices is taken.
    pub fn references_bound(&self, count: usize) -> Nanodollars {
        match &self.tariff {
            Tariff::ImageTokens { text, image, reference, .. } => {
                sum(&[(reference.unwrap_or_default() * count as u64, *text.max(image))])
            }
            Tariff::Text { .. } | Tariff::Pieces(_) | Tariff::Free => Nanodollars::ZERO,
        }
    }

    /// What a call cost by what it used; `None` when that is not known and matters.
    pub fn cost(&self, used: Option<Tokens>, format: Option<&Format>) -> Option<Nanodollars> {
        match &self.tariff {
            Tariff::Text { input, cached, output, percent } => {
                let used = used?;
                let from_cache = used.cached.min(used.input);
                let parts = [(used.input - from_cache, *input), (from_cache, *cached), (used.output, *output)];
                Some(sum_at(*percent, &parts))
            }
            Tariff::ImageTokens { text, image, output, .. } => {
                let used = used?;
                let pictures = used.pictures.min(used.input);
                Some(sum(&[(used.input - pictures, *text), (pictures, *image), (used.output, *output)]))
            }
            Tariff::Pieces(pieces) => Some(match format.and_then(|format| amount(pieces, format)) {
                Some(nanos) => Nanodollars(nanos as i64),
                None => dearest(pieces),
            }),
            Tariff::Free => Some(Nanodollars::ZERO),
        }
    }

    /// The offered size and quality nearest to what is asked, of those that `largest` holds; `None` for a model that makes no
    /// images.
    pub fn nearest_format(&self, size: (u32, u32), quality: &str, largest: Option<LargestSize>) -> Option<Format> {
        let (Tariff::ImageTokens { tokens: offered, .. } | Tariff::Pieces(offered)) = &self.tariff else { return None };
        format::nearest(offered.iter().map(|(format, _)| format), size, quality, largest).cloned()
    }
}

fn amount(table: &[(Format, u64)], format: &Format) -> Option<u64> {
    table.iter().find(|(offered, _)| offered == format).map(|(_, amount)| *amount)
}

fn dearest(pieces: &[(Format, u64)]) -> Nanodollars {
    Nanodollars(pieces.iter().map(|(_, nanos)| *nanos).max().unwrap_or_default() as i64)
}

/// The sum of tokens times micro-dollars per million, rounded up once. Figures beyond all reason end at the largest amount.
fn sum(parts: &[(u64, u64)]) -> Nanodollars {
    sum_at(100, parts)
}

/// The same at a percentage of the prices.
fn sum_at(percent: u64, parts: &[(u64, u64)]) -> Nanodollars {
    let picodollars: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
    Nanodollars(i64::try_from((picodollars * u128::from(percent)).div_ceil(100_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
