//! What is counted of content once it is out.

use super::state::state;

state!(
    /// What a figure counts.
    Metric {
        Impressions = "impressions",
        Clicks = "clicks",
        Conversions = "conversions",
    }
);
