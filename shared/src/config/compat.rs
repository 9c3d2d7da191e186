//! `[compat]`: front ends written for older back ends.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompatSettings {
    /// The user that calls without a token act as, on the paths of back ends that knew no tokens. Empty: they are refused.
    pub open_as: String,
}
