//! The door to the stored images.

use std::fs::Permissions;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, PutOptions, PutPayload,
    RetryConfig,
};

use super::{ImageFormat, MediaKey};
use crate::config::{ConfigError, Names, S3Settings, StorageSettings};

/// Why an image could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("no image of this key")]
    NotFound,
    #[error("storage: {0}")]
    Storage(#[source] object_store::Error),
    #[error("the folder of images cannot be made: {0}")]
    Folder(#[from] std::io::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl From<object_store::Error> for MediaError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            error => Self::Storage(error),
        }
    }
}

/// An image as it is stored.
#[derive(Clone, Debug)]
pub struct Media {
    pub bytes: Bytes,
    /// Told by the bytes themselves; `application/octet-stream` for what is no image.
    pub content_type: &'static str,
}

/// A folder or a bucket of images; cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaStore {
    objects: Arc<dyn ObjectStore>,
    /// Where there is no bucket.
    folder: Option<std::path::PathBuf>,
    /// Buckets keep a content type beside each object; folders cannot.
    keeps_types: bool,
}

impl MediaStore {
    /// Opens the bucket that the settings name, or makes the folder. A bucket is not asked for before it is used.
    pub fn open(settings: &StorageSettings, names: &Names) -> Result<Self, MediaError> {
        if !settings.s3.bucket.is_empty() {
            return Ok(Self { objects: Arc::new(bucket(&settings.s3, names)?), folder: None, keeps_types: true });
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&settings.path)?;
        // A post counts as made once its row says so; its image must not be lost with the power after that.
        let folder = LocalFileSystem::new_with_prefix(&settings.path)?.with_fsync(true);
        Ok(Self { objects: Arc::new(folder), folder: Some(settings.path.clone().into()), keeps_types: false })
    }

    /// Stores an image. What lay under the key before is replaced as a whole.
    pub async fn put(&self, key: &MediaKey, bytes: Bytes) -> Result<(), MediaError> {
        let mut options = PutOptions::default();
        if self.keeps_types {
            options.attributes = Attributes::from_iter([(Attribute::ContentType, content_type(&bytes))]);
        }
        self.objects.put_opts(&Path::from(key.as_str()), PutPayload::from(bytes), options).await?;
        if let Some(folder) = &self.folder {
            // Nobody else could enter the folder meanwhile.
            tokio::fs::set_permissions(folder.join(key.as_str()), Permissions::from_mode(0o600)).await?;
        }
        Ok(())
    }

    /// Stores an image whose key tells its bytes, unless it lies there already.
    pub async fn put_once(&self, key: &MediaKey, bytes: Bytes) -> Result<(), MediaError> {
        match self.objects.head(&Path::from(key.as_str())).await {
            Ok(known) if known.size == bytes.len() as u64 => Ok(()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => self.put(key, bytes).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an image; one that is not there is no error.
    pub async fn delete(&self, key: &MediaKey) -> Result<(), MediaError> {
        match self.objects.delete(&Path::from(key.as_str())).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// Whether the folder is there, or the bucket answers.
    pub async fn check(&self) -> Result<(), MediaError> {
        if let Some(folder) = &self.folder {
            tokio::fs::metadata(folder).await?;
            return Ok(());
        }
        match self.objects.head(&Path::from("health")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// How many bytes an image has.
    pub async fn size(&self, key: &MediaKey) -> Result<u64, MediaError> {
        Ok(self.objects.head(&Path::from(key.as_str())).await?.size)
    }

    /// Reads an image into a buffer, in place of what it held. For those who read many: the buffer is theirs, used again and
    /// again, so that memory does not grow with what was read.
    pub async fn read(&self, key: &MediaKey, buffer: &mut Vec<u8>) -> Result<(), MediaError> {
        buffer.clear();
        let mut chunks = self.objects.get(&Path::from(key.as_str())).await?.into_stream();
        while let Some(chunk) = chunks.try_next().await? {
            buffer.extend_from_slice(&chunk);
        }
        Ok(())
    }

    pub async fn get(&self, key: &MediaKey) -> Result<Media, MediaError> {
        let bytes = self.objects.get(&Path::from(key.as_str())).await?.bytes().await?;
        Ok(Media { content_type: content_type(&bytes), bytes })
    }
}

fn content_type(bytes: &[u8]) -> &'static str {
    ImageFormat::sniff(bytes).map_or("application/octet-stream", ImageFormat::content_type)
}

fn bucket(settings: &S3Settings, names: &Names) -> Result<AmazonS3, MediaError> {
    let credential = |name: &'static str| {
        names.get(name)?.ok_or(ConfigError::Missing(name, "The bucket that S3_BUCKET_NAME names needs it"))
    };
    // The client needs a process-wide TLS provider. Whoever installed one before us chose the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        // Not every server that speaks this protocol can delete several objects in one request.
        .with_disable_bulk_delete(true)
        .with_access_key_id(credential("AWS_ACCESS_KEY_ID")?)
        .with_secret_access_key(credential("AWS_SECRET_ACCESS_KEY")?)
        .with_retry(RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: 3,
            retry_timeout: Duration::from_secs(30),
        })
        .with_client_options(
            ClientOptions::new()
                .with_connect_timeout(Duration::from_secs(5))
                .with_timeout(Duration::from_secs(30))
                .with_allow_http(settings.endpoint.starts_with("http://")),
        );
    if let Some(token) = names.get("AWS_SESSION_TOKEN")? {
        builder = builder.with_token(token);
    }
    if !settings.endpoint.is_empty() {
        // Servers that are not Amazon's are asked by path: few have a name for each bucket.
        builder = builder.with_endpoint(&settings.endpoint).with_virtual_hosted_style_request(false);
    }
    Ok(builder.build()?)
}

#[cfg(test)]
mod tests;
