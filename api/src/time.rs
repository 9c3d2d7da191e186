//! Times as clients read them: RFC 3339, UTC, with a `Z`.

use chrono::{DateTime, SecondsFormat, Utc};

/// To the microsecond, as the database keeps it.
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
