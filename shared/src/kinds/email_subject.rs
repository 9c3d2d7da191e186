//! Subject lines of a mailing, each with the preview text that mail programs show behind it.

use serde::{Deserialize, Serialize};

use super::Remarks;

/// The longest subject that phones show whole, in characters.
pub const SUBJECT: usize = 60;
/// How long a preview text should be, in characters.
pub const PREVIEW: std::ops::RangeInclusive<usize> = 40..=110;

/// What the mailing is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailSubjectParameters {
    pub topic: String,
    pub audience: Option<String>,
    pub tone: Option<String>,
    /// How many lines to choose from, at least 1.
    pub count: u8,
    /// A BCP 47 tag; the topic's language when absent.
    pub language: Option<String>,
}

/// Lines to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailSubjectResult {
    pub subjects: Vec<SubjectLine>,
    #[serde(default)]
    pub remarks: Remarks,
}

/// A subject line with its preview text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectLine {
    pub subject: String,
    pub preview: String,
}
