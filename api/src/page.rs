//! Pages of lists: a limit, an opaque cursor, and the envelope `{data, next_cursor, has_more}`.
//!
//! Paging is by key: a cursor holds the key of the last row of its page, so a page costs the same wherever it lies and no
//! row is shown twice because others came in before it.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poem::http::StatusCode;
use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};

use crate::problem::Problem;

const DEFAULT: u32 = 50;
const MOST: u32 = 200;

/// Which page of a list is asked for, with `K` the key that the list is ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<K> {
    limit: u32,
    /// The key of the last row of the page before.
    pub after: Option<K>,
}

impl<K: FromStr> PageRequest<K> {
    /// From the query parameters. `list` names the list, so that a cursor of one list is refused by another.
    pub fn new(list: &str, limit: Option<u32>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT);
        if !(1..=MOST).contains(&limit) {
            let detail = format!("`limit` must be between 1 and {MOST}.");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail));
        }
        let after = cursor.map(|cursor| {
            let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let key = text.as_deref().and_then(|text| text.strip_prefix(list)?.strip_prefix(':'));
            key.and_then(|key| key.parse().ok()).ok_or_else(|| {
                let detail = "`cursor` is not the `next_cursor` of this list.";
                Problem::new(StatusCode::BAD_REQUEST, "invalid_cursor", detail)
            })
        });
        Ok(Self { limit, after: after.transpose()? })
    }

    /// How many rows to read: one more than the page holds, to know whether there are more.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page of these rows.
    pub fn page<R, V>(&self, list: &str, mut rows: Vec<R>, key: impl Fn(&R) -> K, view: impl Fn(R) -> V) -> Page<V>
    where
        K: Display,
        V: Type + ToJSON + ParseFromJSON,
    {
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next_cursor =
            rows.last().filter(|_| has_more).map(|row| URL_SAFE_NO_PAD.encode(format!("{list}:{}", key(row))));
        Page { data: rows.into_iter().map(view).collect(), next_cursor, has_more }
    }
}

/// A page of a list.
#[derive(Debug, Object)]
pub struct Page<V: Type + ToJSON + ParseFromJSON> {
    pub data: Vec<V>,
    /// What to send as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

#[cfg(test)]
mod tests {
    use super::PageRequest;

    #[test]
    fn a_cursor_leads_to_the_next_page_of_its_own_list() {
        let first = PageRequest::<i32>::new("posts", Some(2), None).expect("a page");
        assert_eq!((first.rows(), first.after), (3, None));
        let page = first.page("posts", vec![1, 2, 3], |row| *row, |row| row);
        assert_eq!((&page.data[..], page.has_more), (&[1, 2][..], true));
        let cursor = page.next_cursor.expect("more");
        let second = PageRequest::<i32>::new("posts", None, Some(&cursor)).expect("the next");
        assert_eq!(second.after, Some(2));
        assert!(PageRequest::<i32>::new("batches", None, Some(&cursor)).is_err());
        let last = first.page("posts", vec![3], |row| *row, |row| row);
        assert_eq!((last.has_more, last.next_cursor), (false, None));
    }

    #[test]
    fn what_is_no_cursor_or_no_limit_is_refused() {
        for bad in ["", "x", "cG9zdHM6", "cG9zdHM6eA", "\u{1}"] {
            assert!(PageRequest::<i32>::new("posts", None, Some(bad)).is_err(), "{bad}");
        }
        for bad in [0, 201, u32::MAX] {
            assert!(PageRequest::<i32>::new("posts", Some(bad), None).is_err(), "{bad}");
        }
    }
}
