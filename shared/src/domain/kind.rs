//! The kinds of work.

use super::state::state;

state!(
    /// What a batch makes. Posts come in batches of many; every other kind is one request of a person.
    Kind {
        Post = "post",
        Text = "text",
        Image = "image",
        TextToImage = "text_to_image",
        ProductRender = "product_render",
        SeoContent = "seo_content",
        ContentPlan = "content_plan",
        MarketingPlan = "marketing_plan",
        Design = "design",
        EmailSubject = "email_subject",
    }
);

state!(
    /// What a kind gives.
    Output {
        Text = "text",
        Image = "image",
    }
);

impl Kind {
    /// What a generation of this kind gives; of a post, its caption.
    pub const fn output(self) -> Output {
        match self {
            Self::Post
            | Self::Text
            | Self::SeoContent
            | Self::ContentPlan
            | Self::MarketingPlan
            | Self::EmailSubject => Output::Text,
            Self::Image | Self::TextToImage | Self::ProductRender | Self::Design => Output::Image,
        }
    }
}
