//! `from` and `to` of lists and sums: days in UTC, or moments.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use poem::http::StatusCode;

use crate::problem::Problem;

/// A span of time, from its first moment up to, and without, its last. What is open is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) to: Option<DateTime<Utc>>,
}

impl Period {
    /// From the query: `2026-11-01` is a whole day, also as the last one; `2026-11-01T08:00:00Z` is a moment.
    pub(crate) fn read(from: Option<&str>, to: Option<&str>) -> Result<Self, Problem> {
        let from = from.map(|text| moment(text, "from", Edge::Begin)).transpose()?;
        let to = to.map(|text| moment(text, "to", Edge::End)).transpose()?;
        match (from, to) {
            (Some(from), Some(to)) if from >= to => Err(bad("`from` must not lie behind `to`.")),
            _ => Ok(Self { from, to }),
        }
    }
}

#[derive(Clone, Copy)]
enum Edge {
    Begin,
    End,
}

fn moment(text: &str, name: &str, edge: Edge) -> Result<DateTime<Utc>, Problem> {
    let day = |day: NaiveDate| match edge {
        Edge::Begin => Some(day),
        Edge::End => day.checked_add_days(Days::new(1)),
    };
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let read = match text.parse::<NaiveDate>() {
        Ok(date) => day(date).map(midnight),
        Err(_) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
    };
    // As far as the clocks of both sides reach.
    read.filter(|time| (1970..=9999).contains(&time.year())).ok_or_else(|| {
        bad(format!("`{name}` must be a day such as 2026-11-30, or a time such as 2026-11-30T18:00:00Z."))
    })
}

fn bad(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail)
}

#[cfg(test)]
mod tests {
    use super::Period;

    fn read(from: &str, to: &str) -> Option<(String, String)> {
        let period = Period::read(Some(from), Some(to)).ok()?;
        Some((period.from?.to_rfc3339(), period.to?.to_rfc3339()))
    }

    #[test]
    fn a_day_is_whole_and_a_moment_is_itself() {
        let days = read("2026-11-01", "2026-11-30").expect("days");
        assert_eq!(days, ("2026-11-01T00:00:00+00:00".to_owned(), "2026-12-01T00:00:00+00:00".to_owned()));
        assert!(read("2026-11-01", "2026-11-01").is_some(), "one day");
        let moments = read("2026-11-01T02:00:00+02:00", "2026-11-01T00:00:01Z").expect("moments");
        assert_eq!(moments, ("2026-11-01T00:00:00+00:00".to_owned(), "2026-11-01T00:00:01+00:00".to_owned()));
        assert_eq!(Period::read(None, None).expect("open"), Period::default());
    }

    #[test]
    fn what_is_no_time_or_ends_before_it_begins_is_refused() {
        for (from, to) in [
            ("2026-11-02", "2026-11-01"),
            ("2026-13-01", "2026-12-01"),
            ("yesterday", "2026-12-01"),
            ("", "2026-12-01"),
            ("1969-12-31", "2026-12-01"),
            ("2026-01-01", "+262142-12-31"),
            ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ] {
            assert_eq!(read(from, to), None, "{from} {to}");
        }
    }
}
