//! A batch that was checked and may be placed: below the edge there are no invalid values.
//!
//! Texts borrow from the request's body where they can, so that 50,000 posts cost little more memory than the body.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use super::Nanodollars;
use super::state::state;

/// How much of everything a batch may hold; lengths in characters.
pub mod limits {
    pub const POSTS: usize = 50_000;
    pub const NAME: usize = 255;
    pub const BRAND_NAME: usize = 255;
    pub const TONE: usize = 100;
    pub const TOPIC: usize = 500;
    pub const BRIEF: usize = 20_000;
    pub const TARGET_AUDIENCE: usize = 2_000;
    pub const LANGUAGE: usize = 35;
    pub const EXTERNAL_ID: usize = 255;
    pub const BRAND_VOICE: usize = 2_000;
    /// One word or phrase of a brand kit, and one of its hashtags.
    pub const BRAND_WORD: usize = 100;
    pub const REQUIRED_WORDS: usize = 20;
    pub const BANNED_WORDS: usize = 200;
    pub const BRAND_COLOURS: usize = 10;
    pub const BRAND_HASHTAGS: usize = 10;
    /// In dollars.
    pub const BUDGET_USD: f64 = 1_000_000_000.0;
    /// How far ahead the deadline of an economy batch lies, in hours.
    pub const DEADLINE_HOURS: std::ops::RangeInclusive<i64> = 1..=168;
}

/// Posts to be made for a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct NewBatch<'a> {
    pub name: Cow<'a, str>,
    pub priority: Priority,
    /// What the batch may cost at most; `None` for no limit of its own.
    pub cap: Option<Nanodollars>,
    pub mode: Mode,
    /// 1 to [`limits::POSTS`].
    pub posts: Vec<NewPost<'a>>,
}

/// How the captions of a batch are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Live,
    /// Through a provider's Batch API, for less money; what is not there in time is made by live calls.
    Economy { deadline: DateTime<Utc> },
}

impl Mode {
    /// The mode of a row: with a deadline it is economy.
    pub fn of_deadline(deadline: Option<DateTime<Utc>>) -> Self {
        deadline.map_or(Self::Live, |deadline| Self::Economy { deadline })
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Economy { .. } => "economy",
        }
    }

    pub const fn deadline(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Live => None,
            Self::Economy { deadline } => Some(deadline),
        }
    }

    /// Whether a batch that is submitted now may have this mode: deadlines lie [`limits::DEADLINE_HOURS`] ahead.
    pub fn is_in_range(self, now: DateTime<Utc>) -> bool {
        let (soonest, latest) =
            (TimeDelta::hours(*limits::DEADLINE_HOURS.start()), TimeDelta::hours(*limits::DEADLINE_HOURS.end()));
        self.deadline().is_none_or(|deadline| (now + soonest..=now + latest).contains(&deadline))
    }
}

/// One post to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPost<'a> {
    pub brand_name: Cow<'a, str>,
    pub topic: Option<Cow<'a, str>>,
    pub tone: Cow<'a, str>,
    pub brief: Option<Cow<'a, str>>,
    /// The campaign's when absent.
    pub target_audience: Option<Cow<'a, str>>,
    pub platform: Option<Platform>,
    /// A BCP 47 tag.
    pub language: Option<Cow<'a, str>>,
    /// `None`: a caption only.
    pub image: Option<Image>,
    /// The caller's own name for the post, unique in its batch.
    pub external_id: Option<Cow<'a, str>>,
}

impl NewPost<'_> {
    /// The same post with texts of its own, for where its source goes away.
    pub fn into_owned(self) -> NewPost<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        NewPost {
            brand_name: owned(self.brand_name),
            topic: self.topic.map(owned),
            tone: owned(self.tone),
            brief: self.brief.map(owned),
            target_audience: self.target_audience.map(owned),
            platform: self.platform,
            language: self.language.map(owned),
            image: self.image,
            external_id: self.external_id.map(owned),
        }
    }
}

/// The image that a post wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    pub size: ImageSize,
    pub quality: ImageQuality,
}

impl Default for Image {
    fn default() -> Self {
        Self { size: ImageSize::Square, quality: ImageQuality::Medium }
    }
}

state!(
    /// Which of one user's batches goes first.
    Priority {
        Low = "low",
        Normal = "normal",
        High = "high",
    }
);

impl Priority {
    /// As the table keeps it.
    pub const fn rank(self) -> i16 {
        self as i16
    }

    /// `Normal` for a rank that the table cannot hold.
    pub fn from_rank(rank: i16) -> Self {
        usize::try_from(rank).ok().and_then(|rank| Self::ALL.get(rank).copied()).unwrap_or(Self::Normal)
    }
}

state!(
    /// Where a post is to appear.
    Platform {
        X = "x",
        Instagram = "instagram",
        Threads = "threads",
        LinkedIn = "linkedin",
        Facebook = "facebook",
        TikTok = "tiktok",
        YouTube = "youtube",
        Pinterest = "pinterest",
        Bluesky = "bluesky",
    }
);

impl Platform {
    /// The platform that people call so, in any case: by its name, or by one that it had.
    pub fn called(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        if name == "twitter" { Some(Self::X) } else { name.parse().ok() }
    }
}

state!(
    /// The size of an image, in pixels.
    ImageSize {
        Square = "1024x1024",
        Portrait = "1024x1536",
        Landscape = "1536x1024",
        TallPortrait = "1024x1792",
        WideLandscape = "1792x1024",
    }
);

state!(
    /// How much care (and money) goes into an image.
    ImageQuality {
        Low = "low",
        Medium = "medium",
        High = "high",
        Standard = "standard",
        Hd = "hd",
    }
);

#[cfg(test)]
mod tests {
    use super::Priority;

    #[test]
    fn a_priority_survives_the_table() {
        for priority in Priority::ALL {
            assert_eq!(Priority::from_rank(priority.rank()), *priority);
        }
        assert_eq!(Priority::from_rank(7), Priority::Normal);
    }
}
