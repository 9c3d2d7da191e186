//! What models cost: exact integer arithmetic over the price list.
//!
//! Prices are micro-dollars per million tokens, so tokens times price is in units of 10⁻¹² dollars. The products of one
//! call are summed and rounded up once, to a whole nano-dollar.

mod request;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::Nanodollars;

pub use request::{CAPTION_FRAME, IMAGE_FRAME, LONGEST_IMAGE_VALUE, weight};

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
    },
    /// Nano-dollars of one image.
    Pieces(Vec<(Format, u64)>),
    Free,
}

/// A size and a quality that an image model offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub width: u32,
    pub height: u32,
    pub quality: String,
}

impl Format {
    pub fn size(&self) -> String {
        format!("{}x{}", self.width, self.height)
    }

    /// Reads `1024x1536.medium`.
    fn parse(text: &str) -> Option<Self> {
        let (size, quality) = text.split_once('.')?;
        let (width, height) = parse_size(size)?;
        Some(Self { width, height, quality: quality.to_owned() })
    }
}

/// Reads `1024x1536`.
pub fn parse_size(size: &str) -> Option<(u32, u32)> {
    let (width, height) = size.split_once('x')?;
    let pixels = |text: &str| text.parse().ok().filter(|pixels| (1..=16_384).contains(pixels));
    Some((pixels(width)?, pixels(height)?))
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

    /// The offered size and quality nearest to what is asked; `None` for a model that makes no images.
    ///
    /// The asked size if it is offered, else the nearest shape and then the nearest area. The asked quality if it is
    /// offered at that size, else the one that stands for it in the model's own scale.
    pub fn nearest_format(&self, size: (u32, u32), quality: &str) -> Option<Format> {
        let (Tariff::ImageTokens { tokens: offered, .. } | Tariff::Pieces(offered)) = &self.tariff else { return None };
        let offered = offered.iter().map(|(format, _)| format);
        let shape = |(width, height): (u32, u32)| (f64::from(width) / f64::from(height)).ln();
        let area = |(width, height): (u32, u32)| (f64::from(width) * f64::from(height)).ln();
        let distance = |format: &Format| {
            let offered = (format.width, format.height);
            ((shape(offered) - shape(size)).abs(), (area(offered) - area(size)).abs())
        };
        let rank = |format: &Format| {
            let alike = ALIKE.iter().find(|(asked, _)| *asked == quality).map_or(&[][..], |(_, alike)| alike);
            let stands_for = || alike.iter().position(|name| *name == format.quality).unwrap_or(usize::MAX);
            if format.quality == quality { 0 } else { stands_for() }
        };
        offered
            .min_by(|a, b| {
                let (near_a, near_b) = (distance(a), distance(b));
                near_a.0.total_cmp(&near_b.0).then(near_a.1.total_cmp(&near_b.1)).then(rank(a).cmp(&rank(b)))
            })
            .cloned()
    }
}

/// What may stand for a quality that a model does not have, best first.
const ALIKE: [(&str, &[&str]); 5] = [
    ("low", &["low", "standard", "medium"]),
    ("medium", &["medium", "standard", "low"]),
    ("high", &["high", "hd", "medium", "standard"]),
    ("standard", &["standard", "medium", "low"]),
    ("hd", &["hd", "high", "medium", "standard"]),
];

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
mod tests {
    use super::{Format, Nanodollars, Prices, Tokens};

    fn list() -> Prices {
        Prices::read("").expect("the built-in list")
    }

    #[test]
    fn tokens_cost_what_the_list_says_rounded_up_once() {
        let prices = list();
        let luna = prices.of("gpt-6-luna").expect("listed");
        // 900 * 0.10 + 100 * 0.01 + 50 * 0.50 micro-dollars = 116 micro-dollars
        let spent = Tokens { input: 1000, cached: 100, pictures: 0, output: 50 };
        assert_eq!(luna.cost(Some(spent), None), Some(Nanodollars(116_000)));
        // One cached token is ten nano-dollars, exactly.
        let one = Tokens { input: 1, cached: 1, ..Tokens::default() };
        assert_eq!(luna.cost(Some(one), None), Some(Nanodollars(10)));
        assert_eq!(luna.cost(None, None), None);
        assert_eq!(super::sum(&[(1, 1), (1, 1)]), Nanodollars(1));
    }

    #[test]
    fn a_line_of_a_batch_costs_half_rounded_up_once() {
        let prices = list();
        let luna = prices.of("gpt-6-luna").expect("listed").in_batches().expect("batched");
        let spent = Tokens { input: 1000, output: 50, ..Tokens::default() };
        assert_eq!(luna.cost(Some(spent), None), Some(Nanodollars(62_500)));
        assert_eq!(luna.chat_bound(1000, 50), Nanodollars(62_500));
        assert_eq!(super::sum_at(50, &[(3, 1)]), Nanodollars(1));
        assert!(prices.of("gpt-image-2").expect("listed").in_batches().is_none());
    }

    #[test]
    fn images_cost_by_token_or_by_piece() {
        let prices = list();
        let spent = Tokens { input: 50, output: 1756, ..Tokens::default() };
        let image = prices.of("gpt-image-2").expect("listed");
        // 50 * 5 + 1756 * 30 micro-dollars
        assert_eq!(image.cost(Some(spent), None), Some(Nanodollars(52_930_000)));
        let old = prices.of("dall-e-3").expect("listed");
        let format = Format { width: 1024, height: 1792, quality: "hd".to_owned() };
        assert_eq!(old.cost(None, Some(&format)), Some(Nanodollars(120_000_000)));
    }

    #[test]
    fn a_reservation_is_never_below_the_cost() {
        let prices = list();
        let luna = prices.of("gpt-6-luna").expect("listed");
        let spent = Tokens { input: 2000, output: 1500, ..Tokens::default() };
        assert!(luna.chat_bound(2000, 1500) >= luna.cost(Some(spent), None).expect("counted"));
    }

    #[test]
    fn the_nearest_offered_format_is_asked_for() {
        let prices = list();
        let asked = |model: &str, size, quality| {
            let format = prices.of(model).expect("listed").nearest_format(size, quality).expect("an image model");
            format!("{}.{}", format.size(), format.quality)
        };
        assert_eq!(asked("gpt-image-2", (1024, 1536), "medium"), "1024x1536.medium");
        assert_eq!(asked("gpt-image-2", (1024, 1024), "hd"), "1024x1024.high");
        assert_eq!(asked("gpt-image-1", (1792, 1024), "standard"), "1536x1024.medium");
        assert_eq!(asked("dall-e-3", (1024, 1536), "high"), "1024x1792.hd");
        assert_eq!(asked("google/gemini-2.5-flash-image-preview:free", (1024, 1536), "high"), "1024x1024.standard");
        assert!(prices.of("gpt-6-luna").expect("listed").nearest_format((1, 1), "low").is_none());
    }

    #[test]
    fn a_bad_list_says_what_is_wrong_with_it() {
        let parse = |model: &str| {
            let text = format!("checked_on = \"2026-01-01\"\n[[model]]\nid = \"m\"\nsource = \"here\"\n{model}");
            Prices::parse(&text).expect_err("refused")
        };
        assert!(parse("output = \"text\"").contains("m: input is missing"));
        assert!(parse("output = \"image\"").contains("image_tokens or per_image"));
        assert!(parse("output = \"image\"\n[model.per_image]\n\"big\" = 1").contains("\"big\" is not WIDTHxHEIGHT"));
        assert!(parse("output = \"text\"\ninputs = 1").contains("inputs"));
    }
}
