//! What callers are told about assets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem_openapi::Object;
use shared::store::assets::Asset;
use uuid::Uuid;

use crate::media::Links;
use crate::time::rfc3339;

/// An image that was uploaded to a project.
#[derive(Object)]
#[oai(rename = "Asset", read_only_all)]
pub(crate) struct AssetView {
    pub(super) id: Uuid,
    project_id: Uuid,
    name: String,
    /// `png`, `jpeg` or `webp`, told by its bytes.
    format: String,
    /// As it is stored: without metadata.
    bytes: i32,
    /// In pixels, upright.
    width: i32,
    height: i32,
    /// A preview of about 25 bytes (thumbhash), in base64.
    thumbhash: String,
    /// A link that needs no token and expires; read the asset again for a new one.
    url: String,
    /// The same for a small copy, of 256 pixels at most a side.
    thumbnail_url: String,
    created_at: String,
}

impl AssetView {
    pub(super) fn of(asset: Asset, links: &Links) -> Self {
        Self {
            id: asset.id.into(),
            project_id: asset.project_id.into(),
            name: asset.name,
            format: asset.format,
            bytes: asset.bytes,
            width: asset.width,
            height: asset.height,
            thumbhash: STANDARD.encode(asset.thumbhash),
            url: links.asset(asset.id, &asset.media_key),
            thumbnail_url: links.asset(asset.id, &asset.thumbnail_key),
            created_at: rfc3339(asset.created_at),
        }
    }
}
