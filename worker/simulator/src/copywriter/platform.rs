//! What a network's posts look like.

/// A network, as far as its posts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    X,
    Bluesky,
    Threads,
    Instagram,
    TikTok,
    LinkedIn,
    Facebook,
    Pinterest,
    YouTube,
    Unknown,
}

/// How the parts of a caption are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Two or three sentences, 240 characters at most.
    Short,
    /// Paragraphs with emoji.
    Visual,
    /// Paragraphs, to the audience.
    Long,
    /// One paragraph.
    Plain,
}

impl Platform {
    pub(crate) fn of(name: &str) -> Self {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match plain.as_str() {
            "x" | "twitter" | "xtwitter" | "twitterx" => Self::X,
            "bluesky" => Self::Bluesky,
            "threads" => Self::Threads,
            "instagram" | "ig" => Self::Instagram,
            "tiktok" => Self::TikTok,
            "linkedin" => Self::LinkedIn,
            "facebook" | "fb" => Self::Facebook,
            "pinterest" => Self::Pinterest,
            "youtube" => Self::YouTube,
            _ => Self::Unknown,
        }
    }

    pub(crate) fn layout(self) -> Layout {
        match self {
            Self::X | Self::Bluesky | Self::Threads => Layout::Short,
            Self::Instagram | Self::TikTok => Layout::Visual,
            Self::LinkedIn => Layout::Long,
            Self::Facebook | Self::Pinterest | Self::YouTube | Self::Unknown => Layout::Plain,
        }
    }

    pub(crate) fn hashtags(self) -> usize {
        match self {
            Self::Threads => 1,
            Self::X | Self::Bluesky => 2,
            Self::LinkedIn | Self::Facebook | Self::Pinterest | Self::YouTube | Self::Unknown => 3,
            Self::TikTok => 4,
            Self::Instagram => 5,
        }
    }
}
