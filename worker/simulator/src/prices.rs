//! The price list, and what a call costs by it.
//!
//! The arithmetic is written on its own here, apart from the worker's, so that the bill can prove the worker's ledger
//! right or wrong. The sizes and qualities that an image model accepts are the keys of its table.

use std::{collections::BTreeMap, fmt, path::Path, str::FromStr, sync::Arc};

use serde::Deserialize;

/// Nano-dollars: a thousand millionth of a dollar.
pub(crate) type Nanodollars = i64;

/// The price list (`config/prices.toml`): the models that exist, and what they cost.
#[derive(Debug, Clone)]
pub struct Prices {
    models: Arc<BTreeMap<String, Arc<Model>>>,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) id: Arc<str>,
    pub(crate) tariff: Tariff,
    /// `YYYY-MM-DD`
    pub(crate) shutdown_date: Option<String>,
    /// What a line of a batch costs, in percent of a call; absent where the Batch API does not take the model.
    pub(crate) batch_percent: Option<u64>,
}

/// Token prices are micro-dollars per million tokens.
#[derive(Debug)]
pub(crate) enum Tariff {
    Text { input: u64, output: u64 },
    ImageByToken { text_input: u64, image_input: u64, image_output: u64, tokens: BTreeMap<String, u64> },
    ImageByPiece { nanos: BTreeMap<String, i64> },
    Moderation,
}

/// Tokens that an image model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Input {
    /// Of the prompt.
    pub(crate) text: u64,
    /// Of the pictures that come with it.
    pub(crate) images: u64,
}

impl Input {
    pub(crate) fn total(self) -> u64 {
        self.text + self.images
    }
}

/// Why a price list cannot be used.
#[derive(Debug)]
pub struct BadPrices(String);

impl fmt::Display for BadPrices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "price list: {}", self.0)
    }
}

impl std::error::Error for BadPrices {}

impl Default for Prices {
    /// The list that ships with the project.
    fn default() -> Self {
        include_str!("../../../config/prices.toml").parse().expect("the shipped price list is checked by a test")
    }
}

impl Prices {
    /// Reads a list from a file.
    pub fn read(path: &Path) -> Result<Self, BadPrices> {
        let text = std::fs::read_to_string(path).map_err(|error| BadPrices(format!("{}: {error}", path.display())))?;
        text.parse()
    }

    /// Whether a model of this name exists.
    pub fn lists(&self, id: &str) -> bool {
        self.models.contains_key(id)
    }

    pub(crate) fn model(&self, id: &str) -> Option<&Arc<Model>> {
        self.models.get(id)
    }

    pub(crate) fn models(&self) -> impl Iterator<Item = &Arc<Model>> {
        self.models.values()
    }
}

impl FromStr for Prices {
    type Err = BadPrices;

    fn from_str(text: &str) -> Result<Self, BadPrices> {
        let list: List = toml::from_str(text).map_err(|error| BadPrices(error.to_string()))?;
        let mut models = BTreeMap::new();
        for entry in list.model {
            let id = entry.id.clone();
            let model = entry.into_model().map_err(|why| BadPrices(format!("{id}: {why}")))?;
            if models.insert(id.clone(), Arc::new(model)).is_some() {
                return Err(BadPrices(format!("{id} is listed twice")));
            }
        }
        Ok(Self { models: Arc::new(models) })
    }
}

impl Model {
    pub(crate) fn is_image(&self) -> bool {
        matches!(self.tariff, Tariff::ImageByToken { .. } | Tariff::ImageByPiece { .. })
    }

    /// Names with a slash belong to routers, which speak a wider dialect of the protocol.
    pub(crate) fn is_routed(&self) -> bool {
        self.id.contains('/')
    }

    pub(crate) fn is_gpt_image(&self) -> bool {
        self.id.starts_with("gpt-image") || self.id.starts_with("chatgpt-image")
    }

    /// Whether it takes pictures to work from (`/v1/images/edits`).
    pub(crate) fn edits(&self) -> bool {
        self.is_gpt_image() || &*self.id == "dall-e-2"
    }

    /// Whether a chat with it may hold pictures. Those of routers are taken to.
    pub(crate) fn sees(&self) -> bool {
        !(self.id.starts_with("gpt-3.5") || &*self.id == "gpt-4")
    }

    /// Newer families count the completion with `max_completion_tokens` only.
    pub(crate) fn refuses_max_tokens(&self) -> bool {
        ["gpt-5", "gpt-6", "o1", "o3", "o4"].iter().any(|family| self.id.starts_with(family))
    }

    /// Whether the model was switched off on or before a day (`YYYY-MM-DD`).
    pub(crate) fn is_shut_down_on(&self, today: &str) -> bool {
        self.shutdown_date.as_deref().is_some_and(|date| date <= today)
    }

    /// The `SIZE.quality` combinations an image model draws.
    pub(crate) fn variants(&self) -> Vec<(&str, &str)> {
        let keys: Vec<&String> = match &self.tariff {
            Tariff::ImageByToken { tokens, .. } => tokens.keys().collect(),
            Tariff::ImageByPiece { nanos } => nanos.keys().collect(),
            Tariff::Text { .. } | Tariff::Moderation => Vec::new(),
        };
        keys.into_iter().filter_map(|key| key.split_once('.')).collect()
    }

    /// Output tokens of one image of this variant; 0 where images are priced by the piece.
    pub(crate) fn image_tokens(&self, size: &str, quality: &str) -> u64 {
        match &self.tariff {
            Tariff::ImageByToken { tokens, .. } => tokens.get(&format!("{size}.{quality}")).copied().unwrap_or(0),
            _ => 0,
        }
    }

    pub(crate) fn text_cost(&self, input_tokens: u64, output_tokens: u64) -> Nanodollars {
        match self.tariff {
            Tariff::Text { input, output } => nanos(&[(input_tokens, input), (output_tokens, output)]),
            _ => 0,
        }
    }

    /// What a line of a batch costs.
    pub(crate) fn batch_cost(&self, input_tokens: u64, output_tokens: u64) -> Nanodollars {
        match (&self.tariff, self.batch_percent) {
            (Tariff::Text { input, output }, Some(percent)) => {
                nanos_at(percent, &[(input_tokens, *input), (output_tokens, *output)])
            }
            _ => 0,
        }
    }

    /// `pieces` images of one variant, drawn from a prompt of so many tokens.
    pub(crate) fn image_cost(&self, input: Input, size: &str, quality: &str, pieces: u64) -> Nanodollars {
        match &self.tariff {
            Tariff::ImageByToken { text_input, image_input, image_output, .. } => nanos(&[
                (input.text, *text_input),
                (input.images, *image_input),
                (self.image_tokens(size, quality) * pieces, *image_output),
            ]),
            Tariff::ImageByPiece { nanos } => {
                nanos.get(&format!("{size}.{quality}")).copied().unwrap_or(0) * pieces as i64
            }
            Tariff::Text { .. } | Tariff::Moderation => 0,
        }
    }
}

/// Micro-dollars per million tokens, times tokens, is a millionth of a micro-dollar; a thousand of those are a nano-dollar.
fn nanos(lines: &[(u64, u64)]) -> Nanodollars {
    nanos_at(100, lines)
}

/// The same at a percentage of the price, still rounded up once.
fn nanos_at(percent: u64, lines: &[(u64, u64)]) -> Nanodollars {
    let total: u128 = lines.iter().map(|&(tokens, price)| u128::from(tokens) * u128::from(price)).sum();
    i64::try_from((total * u128::from(percent)).div_ceil(100_000)).unwrap_or(i64::MAX)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(rename = "checked_on")]
    _checked_on: String,
    model: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    output: String,
    #[serde(rename = "source")]
    _source: String,
    shutdown_date: Option<String>,
    input: Option<u64>,
    #[serde(rename = "cached_input")]
    _cached_input: Option<u64>,
    output_price: Option<u64>,
    batch_percent: Option<u64>,
    text_input: Option<u64>,
    image_input: Option<u64>,
    image_output: Option<u64>,
    #[serde(rename = "reference_tokens")]
    _reference_tokens: Option<u64>,
    image_tokens: Option<BTreeMap<String, u64>>,
    per_image: Option<BTreeMap<String, i64>>,
}

impl Entry {
    fn into_model(self) -> Result<Model, String> {
        let needed = |price: Option<u64>, name: &str| price.ok_or_else(|| format!("`{name}` is missing"));
        let tariff = match (self.output.as_str(), self.image_tokens, self.per_image) {
            ("text", None, None) => {
                Tariff::Text { input: needed(self.input, "input")?, output: needed(self.output_price, "output_price")? }
            }
            ("moderation", None, None) => Tariff::Moderation,
            ("image", Some(tokens), None) => Tariff::ImageByToken {
                text_input: needed(self.text_input, "text_input")?,
                image_input: needed(self.image_input, "image_input")?,
                image_output: needed(self.image_output, "image_output")?,
                tokens,
            },
            ("image", None, Some(nanos)) => Tariff::ImageByPiece { nanos },
            ("image", ..) => return Err("an image model has either `image_tokens` or `per_image`".into()),
            ("text" | "moderation", ..) => return Err("only image models have tables of sizes".into()),
            (other, ..) => return Err(format!("`output` is text, image or moderation, not {other}")),
        };
        if self.batch_percent.is_some_and(|percent| percent == 0 || percent > 100) {
            return Err("`batch_percent` must be from 1 to 100".into());
        }
        let batch_percent = self.batch_percent;
        let model = Model { id: self.id.into(), tariff, shutdown_date: self.shutdown_date, batch_percent };
        for (size, quality) in model.variants() {
            if parse_size(size).is_none() || quality.is_empty() {
                return Err(format!("`{size}.{quality}` is no WIDTHxHEIGHT.quality"));
            }
        }
        if model.is_image() && model.variants().is_empty() {
            return Err("the table of sizes is empty".into());
        }
        Ok(model)
    }
}

/// `1024x768` as width and height.
pub(crate) fn parse_size(size: &str) -> Option<(u32, u32)> {
    let (width, height) = size.split_once('x')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    (width > 0 && height > 0 && width <= 4096 && height <= 4096).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_rounded_up_once() {
        // 3 tokens at 500 and 1 at 1: 1.501 nano-dollars.
        assert_eq!(nanos(&[(3, 500), (1, 1)]), 2);
        assert_eq!(nanos(&[(1_000_000, 100_000)]), 100_000_000, "0.10 dollars for a million tokens");
        assert_eq!(nanos(&[]), 0);
    }

    #[test]
    fn the_shipped_list_gives_the_published_prices_of_images() {
        let prices = Prices::default();
        let model = prices.model("gpt-image-2").expect("listed");
        let cents = |quality| model.image_cost(Input::default(), "1024x1024", quality, 1) as f64 / 1e9;
        assert!((cents("low") - 0.006).abs() < 0.0005);
        assert!((cents("medium") - 0.053).abs() < 0.0005);
        assert!((cents("high") - 0.211).abs() < 0.0005);
        let nine = Input { text: 9, images: 0 };
        assert_eq!(prices.model("dall-e-3").expect("listed").image_cost(nine, "1024x1024", "hd", 2), 160_000_000);
        let looked_at = Input { text: 10, images: 1000 };
        assert_eq!(model.image_cost(looked_at, "1024x1024", "low", 1), 50_000 + 8_000_000 + 5_880_000);
    }

    #[test]
    fn text_costs_input_and_output() {
        let prices = Prices::default();
        let luna = prices.model("gpt-6-luna").expect("listed");
        assert_eq!(luna.text_cost(1000, 200), 100_000 + 100_000);
        assert_eq!(luna.batch_cost(1000, 200), 100_000, "half of it in a batch");
        assert_eq!(nanos_at(50, &[(3, 1)]), 1, "rounded up once");
    }

    #[test]
    fn a_bad_list_says_what_is_wrong() {
        let refused = |text: &str| text.parse::<Prices>().expect_err("refused").to_string();
        let head = "checked_on = \"2026-01-01\"\n[[model]]\nid = \"m\"\nsource = \"s\"\n";
        assert!(refused(&format!("{head}output = \"text\"\ninput = 1")).contains("`output_price` is missing"));
        assert!(refused(&format!("{head}output = \"song\"")).contains("not song"));
        assert!(refused(&format!("{head}output = \"image\"\nper_image = {{ \"big.hd\" = 1 }}")).contains("big.hd"));
        assert!(refused(&format!("{head}output = \"text\"\nprice = 1")).contains("price"));
    }
}
