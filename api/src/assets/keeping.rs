//! What happens to assets.

use poem::http::StatusCode;
use serde_json::json;
use shared::domain::{AssetId, ProjectId, UserId};
use shared::media::{ImageFormat, MediaKey};
use shared::store::assets::{self, Asset, NewAsset};
use shared::store::{projects, uploads};
use uuid::Uuid;

use super::picture::{Flaw, Picture};
use super::upload::Upload;
use super::view::AssetView;
use crate::answer::Created;
use crate::app::App;
use crate::creation::{Begun, Creation};
use crate::idempotency_key::IdempotencyKey;
use crate::problem::{FieldError, Problem};

/// Stores an image and enters it, once for each key. The image lies in the store before anything says so; what is not
/// entered in the end lies there for nobody.
pub(super) async fn upload(
    app: &App,
    user: UserId,
    project: ProjectId,
    key: Option<IdempotencyKey>,
    Upload { file, name }: Upload,
) -> Result<Created<AssetView>, Problem> {
    if !projects::takes(app.store.pool(), user, project).await? {
        return Err(Problem::not_found("project"));
    }
    // The bytes as they came: what is stored of them may change with the program's version.
    let said = json!({"name": name, "file": MediaKey::of_content(&file, ImageFormat::Png)});
    let picture = app.intake.take(file).await.map_err(refused)?;
    let new = store(app, name, picture).await?;
    let what = format!("POST /projects/{project}/assets");
    let mut creation = match Creation::begin(app, user, key, &what, &said).await? {
        Begun::New(creation) => creation,
        Begun::Before(before) => {
            let before: Uuid = before.answer()?;
            let asset = read(app, user, AssetId(before)).await?;
            return Ok(Created { replay: true, ..created(app, asset) });
        }
    };
    let asset = assets::insert(creation.tx(), user, project, &new).await?;
    let asset = asset.ok_or_else(|| Problem::not_found("project"))?;
    // Only its id: links are made anew for each answer.
    creation.keep(asset.id, &Uuid::from(asset.id)).await?;
    tracing::info!(asset.id = %asset.id, asset.bytes = asset.bytes, user.id = %user, "an asset was uploaded");
    Ok(created(app, asset))
}

pub(super) async fn read(app: &App, user: UserId, asset: AssetId) -> Result<Asset, Problem> {
    assets::read(app.store.pool(), user, asset).await?.ok_or_else(|| Problem::not_found("asset"))
}

async fn store(app: &App, name: String, picture: Picture) -> Result<NewAsset, Problem> {
    let Picture { file, width, height, thumbnail, thumbhash } = picture;
    let media_key = MediaKey::of_content(&file.bytes, file.format);
    let thumbnail_key = MediaKey::of_content(&thumbnail.bytes, thumbnail.format);
    let bytes = file.bytes.len();
    // First, so that the sweep of bytes that nothing refers to leaves these alone until the asset is entered.
    uploads::touch(app.store.pool(), [&media_key, &thumbnail_key]).await?;
    app.media.put_once(&thumbnail_key, thumbnail.bytes).await?;
    app.media.put_once(&media_key, file.bytes).await?;
    Ok(NewAsset { name, format: file.format, media_key, thumbnail_key, bytes, width, height, thumbhash })
}

fn created(app: &App, asset: Asset) -> Created<AssetView> {
    Created::new(format!("/api/v1/assets/{}", asset.id), AssetView::of(asset, &app.links))
}

/// What is wrong with the file of an upload, for people.
fn refused(flaw: Flaw) -> Problem {
    let code = match flaw {
        Flaw::Unknown => {
            let detail = "The file is no PNG, JPEG or WebP.";
            return Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail);
        }
        Flaw::Broken | Flaw::Animated => "invalid",
        Flaw::Sides | Flaw::Pixels => "out_of_range",
    };
    Problem::invalid(vec![FieldError::new("/file", code, flaw.to_string())])
}
