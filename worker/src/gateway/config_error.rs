//! What can be wrong with the gateway's configuration.

use shared::config::ConfigError;
use shared::prices::PriceListError;
use shared::profiles::ProfilesError;

/// Why the gateway cannot be built. No text here holds a key.
#[derive(Debug, thiserror::Error)]
pub enum GatewayConfigError {
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    #[error(transparent)]
    Prices(#[from] PriceListError),
    #[error("{name}: {why}")]
    Address { name: String, why: String },
    #[error("{0} holds characters that no key has")]
    Key(String),
    #[error(
        "{model} (routes.{route}) has no price, so what it costs could not be bounded: add it to the price list \
         (config/prices.toml, or the file that BROADSIDE_PROVIDERS__PRICES names)"
    )]
    NoPrice { model: String, route: String },
    #[error(
        "routes.{route}: {model} takes references, but the price list does not say what one may count for: add \
         reference_tokens to it there"
    )]
    NoReferencePrice { model: String, route: String },
    #[error("routes.{route}: {model} makes {makes}, and this route needs {needs}")]
    WrongOutput { route: String, model: String, makes: String, needs: String },
    #[error(transparent)]
    Names(#[from] ConfigError),
    #[error("the address of Redis cannot be used: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("the HTTP client could not be built: {0}")]
    Http(#[from] reqwest::Error),
}
