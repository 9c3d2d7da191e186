//! Results as a ZIP archive: the images, then the posts.
//!
//! The images come first, so that the texts behind them can say of every post which file is its image's. What was packed is
//! kept as one byte a post.

use chrono::Utc;
use serde_json::Value;
use shared::media::{ImageFormat, MediaError, MediaKey};
use shared::store::posts::Post;

use super::csv::{self, ImageFile};
use super::download::{ExportError, Sink};
use super::pages::Pages;
use super::zip::ZipWriter;
use super::{jsonl, names};
use crate::app::App;
use crate::posts::PostView;

/// What became of a post's image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Packed {
    /// There was none when the images were packed.
    #[default]
    Nothing,
    As(ImageFormat),
    /// Bytes that are no image of a kind that is known.
    Unknown,
    /// It is not in the storage.
    Missing,
}

/// An archive on its way.
struct Archive<'a> {
    app: &'a App,
    zip: ZipWriter,
    /// What comes next in it.
    out: Vec<u8>,
    sink: &'a mut Sink,
    /// By the position of the post.
    packed: Vec<Packed>,
}

/// Writes the archive of a batch of `posts` posts.
pub(super) async fn write(app: &App, pages: Pages, posts: usize, sink: &mut Sink) -> Result<(), ExportError> {
    let zip = ZipWriter::new(Utc::now());
    let mut archive = Archive { app, zip, out: Vec::new(), sink, packed: vec![Packed::Nothing; posts] };
    archive.images(pages.clone()).await?;
    archive.zip.begin_text("posts.csv", &mut archive.out);
    archive.zip.text(&csv::header_with_files()?, &mut archive.out)?;
    archive.texts(pages.clone(), |post, file| csv::row(post, Some(file))).await?;
    archive.zip.begin_text("posts.jsonl", &mut archive.out);
    archive.texts(pages, |post, file| Ok(line(post, file))).await?;
    archive.end().await
}

impl Archive<'_> {
    /// Packs all images, one after the other through one buffer.
    async fn images(&mut self, mut pages: Pages) -> Result<(), ExportError> {
        let mut image = Vec::new();
        while let Some(page) = pages.next().await? {
            for post in page {
                let Some(key) = key(&post) else { continue };
                let packed = match self.app.media.read(&key, &mut image).await {
                    Ok(()) => {
                        let packed = ImageFormat::sniff(&image).map_or(Packed::Unknown, Packed::As);
                        self.zip.whole(&file_name(&post, packed), &image, &mut self.out)?;
                        self.pass_on().await?;
                        self.sink.write(&image).await?;
                        packed
                    }
                    Err(MediaError::NotFound) => Packed::Missing,
                    Err(error) => return Err(error.into()),
                };
                if let Some(slot) = self.packed.get_mut(post.position as usize) {
                    *slot = packed;
                }
            }
        }
        Ok(())
    }

    /// Writes all posts into the text that was begun, and ends it.
    async fn texts(
        &mut self,
        mut pages: Pages,
        text: impl Fn(&PostView, &ImageFile) -> std::io::Result<Vec<u8>> + Send,
    ) -> Result<(), ExportError> {
        while let Some(page) = pages.next().await? {
            for post in page {
                let file = self.file_of(&post);
                self.zip.text(&text(&PostView::of(post, &self.app.links), &file)?, &mut self.out)?;
            }
            self.pass_on().await?;
        }
        Ok(self.zip.end_text(&mut self.out)?)
    }

    async fn end(mut self) -> Result<(), ExportError> {
        self.zip.end(&mut self.out);
        self.sink.write(&self.out).await?;
        self.sink.flush().await
    }

    async fn pass_on(&mut self) -> Result<(), ExportError> {
        self.sink.write(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    fn file_of(&self, post: &Post) -> ImageFile {
        let packed = self.packed.get(post.position as usize).copied().unwrap_or_default();
        match packed {
            Packed::As(_) | Packed::Unknown => ImageFile { name: Some(file_name(post, packed)), note: None },
            Packed::Missing => ImageFile { name: None, note: Some("the image is not in the storage") },
            Packed::Nothing if key(post).is_some() => {
                ImageFile { name: None, note: Some("the image was made after the images were packed") }
            }
            Packed::Nothing => ImageFile::default(),
        }
    }
}

/// A post in one line, with the file of its image.
fn line(post: &PostView, file: &ImageFile) -> Vec<u8> {
    jsonl::line(post, &|view| {
        view["image_file"] = file.name.clone().map_or(Value::Null, Value::from);
        view["image_note"] = file.note.map_or(Value::Null, Value::from);
    })
}

fn file_name(post: &Post, packed: Packed) -> String {
    let extension = match packed {
        Packed::As(format) => format.extension(),
        Packed::Unknown | Packed::Nothing | Packed::Missing => "bin",
    };
    let name = post.external_id.clone().unwrap_or_else(|| post.id.to_string());
    names::image(post.position, &name, extension)
}

fn key(post: &Post) -> Option<MediaKey> {
    post.generated_image_url.as_deref()?.parse().ok()
}
