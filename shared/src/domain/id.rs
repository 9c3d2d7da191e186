//! Typed ids over UUIDv7: their order is the order of creation.

/// Makes a typed id that JSON, the queue, sqlx and `SeaORM` all read as a plain UUID.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, sqlx::Type, sea_orm::DeriveValueType,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A new id, later in order than every id this process made before.
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }

        impl From<$name> for uuid::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        // SeaORM asks every primary key for this, though only integer keys can be made from one.
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}

id!(
    /// A person with an account: the tenant of everything that they create.
    UserId
);
id!(
    /// One login of a user, from its password to its logout.
    SessionId
);
id!(
    /// A project: what campaigns and generations may belong to.
    ProjectId
);
id!(
    /// An image that was uploaded to a project.
    AssetId
);
id!(
    /// A segment: people whom texts speak to.
    SegmentId
);
id!(
    /// A campaign.
    CampaignId
);
id!(
    /// A template of posts.
    TemplateId
);
id!(
    /// A batch: posts that were submitted as one, or one generation.
    BatchId
);
id!(
    /// One row of a batch: a post, or one part of a generation.
    PostId
);
id!(
    /// One boot of a worker process.
    WorkerId
);
id!(
    /// One file of requests for a provider's Batch API.
    ProviderBatchId
);
id!(
    /// A figure that was counted elsewhere.
    MetricId
);
id!(
    /// One call to a provider, as the provider knows it.
    CallId
);
