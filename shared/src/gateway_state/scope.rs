//! The names of what can be put aside.

use std::fmt;

/// What can be put aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Key { provider: String, label: String },
    Pool { provider: String, pool: String },
    Model { provider: String, pool: String, model: String },
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { provider, label } => write!(f, "key/{provider}/{label}"),
            Self::Pool { provider, pool } => write!(f, "pool/{provider}/{pool}"),
            Self::Model { provider, pool, model } => write!(f, "model/{provider}/{pool}/{model}"),
        }
    }
}

/// Not the name of anything that can be put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must read key/PROVIDER/LABEL, pool/PROVIDER/POOL or model/PROVIDER/POOL/MODEL")]
pub struct NoScope;

impl std::str::FromStr for Scope {
    type Err = NoScope;

    /// The names of models may hold slashes.
    fn from_str(text: &str) -> Result<Self, NoScope> {
        let filled = |parts: &[&str]| parts.iter().all(|part| !part.is_empty());
        let own = |part: &str| part.to_owned();
        match text.splitn(4, '/').collect::<Vec<_>>()[..] {
            ["key", provider, label] if filled(&[provider, label]) => {
                Ok(Self::Key { provider: own(provider), label: own(label) })
            }
            ["pool", provider, pool] if filled(&[provider, pool]) => {
                Ok(Self::Pool { provider: own(provider), pool: own(pool) })
            }
            ["model", provider, pool, model] if filled(&[provider, pool, model]) => {
                Ok(Self::Model { provider: own(provider), pool: own(pool), model: own(model) })
            }
            _ => Err(NoScope),
        }
    }
}
