//! What each platform asks of a caption.

/// A platform's habits, as a model is told them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Platform {
    pub(super) name: &'static str,
    /// Characters of a caption, without its hashtags.
    pub(super) max_chars: u32,
    pub(super) hashtags: &'static str,
    pub(super) style: &'static str,
}

/// For a post that names no platform, or one that is not known.
const ANY: Platform = Platform {
    name: "any social network",
    max_chars: 800,
    hashtags: "3 to 5 hashtags",
    style: "two or three short paragraphs that work anywhere.",
};

const PLATFORMS: [(&str, Platform); 9] = [
    (
        "x",
        Platform {
            name: "X",
            max_chars: 220,
            hashtags: "1 or 2 hashtags",
            style: "one or two punchy sentences; every word counts.",
        },
    ),
    (
        "instagram",
        Platform {
            name: "Instagram",
            max_chars: 1200,
            hashtags: "3 to 5 hashtags",
            style: "a strong first line, then short lines; a few fitting emoji are welcome.",
        },
    ),
    (
        "threads",
        Platform {
            name: "Threads",
            max_chars: 450,
            hashtags: "exactly 1 hashtag",
            style: "conversational, as if starting a talk with friends.",
        },
    ),
    (
        "linkedin",
        Platform {
            name: "LinkedIn",
            max_chars: 1500,
            hashtags: "3 to 5 hashtags",
            style: "professional and concrete: an insight first, then short paragraphs; few emoji or none.",
        },
    ),
    (
        "facebook",
        Platform {
            name: "Facebook",
            max_chars: 800,
            hashtags: "1 to 3 hashtags",
            style: "warm and plain, a short story or a question to the community.",
        },
    ),
    (
        "tiktok",
        Platform {
            name: "TikTok",
            max_chars: 300,
            hashtags: "3 to 5 hashtags",
            style: "short, lively and spoken; a hook in the first words.",
        },
    ),
    (
        "youtube",
        Platform {
            name: "YouTube",
            max_chars: 1500,
            hashtags: "3 to 5 hashtags",
            style: "a description: what it is about in the first two lines, then the details.",
        },
    ),
    (
        "pinterest",
        Platform {
            name: "Pinterest",
            max_chars: 450,
            hashtags: "2 to 4 hashtags",
            style: "helpful and searchable: what it is, what it is for, why to keep it.",
        },
    ),
    (
        "bluesky",
        Platform {
            name: "Bluesky",
            max_chars: 240,
            hashtags: "1 or 2 hashtags",
            style: "one or two plain, witty sentences.",
        },
    ),
];

pub(super) fn of(name: Option<&str>) -> &'static Platform {
    let name = name.map(str::to_lowercase).unwrap_or_default();
    let name = if name == "twitter" { "x" } else { name.as_str() };
    PLATFORMS.iter().find(|(known, _)| *known == name).map_or(&ANY, |(_, platform)| platform)
}
