//! The states of batches, posts and attempts, as text in the tables and in JSON.

/// A name that is not one of a state's.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a {1}")]
pub struct UnknownName(String, &'static str);

impl UnknownName {
    pub(crate) fn new(text: String, of: &'static str) -> Self {
        Self(text, of)
    }
}

/// Makes an enum whose variants are stored, shown and read as the given names.
macro_rules! state {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::UnknownName;

            fn from_str(text: &str) -> Result<Self, $crate::domain::UnknownName> {
                Self::ALL.iter().copied().find(|state| state.as_str() == text)
                    .ok_or_else(|| $crate::domain::UnknownName::new(text.to_owned(), stringify!($name)))
            }
        }

        // sqlx reads a state with `#[sqlx(try_from = "String")]`.
        impl TryFrom<String> for $name {
            type Error = $crate::domain::UnknownName;

            fn try_from(text: String) -> Result<Self, $crate::domain::UnknownName> {
                text.parse()
            }
        }
    };
}

pub(crate) use state;

state!(
    /// Where a batch stands.
    BatchStatus {
        Pending = "pending",
        Processing = "processing",
        Paused = "paused",
        /// No new call is made; those under way still end.
        Cancelling = "cancelling",
        /// Every post is final and at least one was made.
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
);

impl BatchStatus {
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

state!(
    /// How the economy lane of a batch stands.
    LaneState {
        /// Nothing was handed in yet.
        Waiting = "waiting",
        AtProvider = "at_provider",
        /// Nothing more is handed in; what is under way may still end.
        FallingOver = "falling_over",
        /// Closed: no post was left to it.
        Done = "done",
        /// Closed: what was left is made by live calls.
        Live = "live",
    }
);

impl LaneState {
    /// Whether pending posts are the lane's.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::AtProvider | Self::FallingOver)
    }
}

state!(
    /// Why a batch waits.
    PauseReason {
        User = "user",
        Budget = "budget",
        ProviderOutage = "provider_outage",
        Review = "review",
    }
);

state!(
    /// Where a post stands in its table. Readers also see `queued`: a pending post that was pushed.
    PostStatus {
        Pending = "pending",
        Processing = "processing",
        Retrying = "retrying",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
);

impl PostStatus {
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

state!(
    /// Where a post stands as readers see it.
    ShownStatus {
        Pending = "pending",
        /// Pending in its table, but handed out: the next free worker takes it.
        Queued = "queued",
        Processing = "processing",
        Retrying = "retrying",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
);

state!(
    /// One paid step of a piece of work.
    Step {
        Moderation = "moderation",
        Caption = "caption",
        Image = "image",
        /// The text of a generation.
        Text = "text",
    }
);

state!(
    /// Where the money of a call stands.
    AttemptState {
        /// Booked: a line of a batch at the provider, whose answer is not there yet.
        Reserved = "reserved",
        Sent = "sent",
        /// Billed; the cost is known.
        Settled = "settled",
        /// Certainly not billed.
        Failed = "failed",
        /// Nobody knows whether it was billed; what was held for it stays held.
        Unknown = "unknown",
    }
);

state!(
    /// What came of a call.
    Outcome {
        Ok = "ok",
        /// Billed, but nothing that can be used.
        Rejected = "rejected",
        Error = "error",
    }
);

#[cfg(test)]
mod tests {
    use super::{BatchStatus, PostStatus};

    #[test]
    fn names_are_read_as_they_are_written() {
        for status in BatchStatus::ALL {
            assert_eq!(status.as_str().parse::<BatchStatus>().expect("its own name"), *status);
        }
        assert!("queued".parse::<PostStatus>().is_err());
    }
}
