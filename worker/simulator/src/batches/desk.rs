//! What the Batch API keeps: files and batches, each of the pool that made it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use chrono::Utc;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    job::{Job, Order, Status},
    list,
};
use crate::{bill::RequestId, refusal::Refusal};

/// The longest page of a list.
const LONGEST_PAGE: usize = 100;
const USUAL_PAGE: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Desk {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    files: BTreeMap<String, StoredFile>,
    /// In the order of their creation.
    jobs: Vec<Job>,
}

#[derive(Debug, Clone)]
pub(super) struct StoredFile {
    pool: Arc<str>,
    filename: String,
    pub(super) purpose: String,
    created_at: i64,
    pub(super) bytes: Bytes,
}

impl StoredFile {
    pub(super) fn new(pool: &Arc<str>, filename: &str, purpose: &str, bytes: Bytes) -> Self {
        Self {
            pool: pool.clone(),
            filename: filename.to_owned(),
            purpose: purpose.to_owned(),
            created_at: Utc::now().timestamp(),
            bytes,
        }
    }

    pub(super) fn describe(&self, id: &str) -> Value {
        json!({
            "id": id, "object": "file", "bytes": self.bytes.len(), "created_at": self.created_at,
            "filename": self.filename, "purpose": self.purpose, "status": "processed",
        })
    }
}

impl Desk {
    pub(crate) fn clear(&self) {
        let mut book = self.book();
        for job in &book.jobs {
            job.cancel.cancel();
        }
        *book = Book::default();
    }

    /// Keeps a file and says under which id.
    pub(super) fn keep(&self, request: RequestId, file: StoredFile) -> String {
        let id = format!("file-{:016x}{:08x}", request.run, request.number);
        self.book().files.insert(id.clone(), file);
        id
    }

    pub(super) fn file(&self, pool: &str, id: &str) -> Result<StoredFile, Refusal> {
        self.book().files.get(id).filter(|file| &*file.pool == pool).cloned().ok_or_else(|| no_file(id))
    }

    pub(super) fn list_files(&self, pool: &str) -> Value {
        let book = self.book();
        let mine = book.files.iter().filter(|(_, file)| &*file.pool == pool);
        let mut files: Vec<Value> = mine.map(|(id, file)| file.describe(id)).collect();
        files.reverse();
        list(&files, false)
    }

    pub(super) fn delete_file(&self, pool: &str, id: &str) -> Result<Value, Refusal> {
        self.file(pool, id)?;
        self.book().files.remove(id);
        Ok(json!({ "id": id, "object": "file", "deleted": true }))
    }

    /// Enters a batch; answers its id, how it stands, and what tells it to stop.
    pub(super) fn open(&self, request: RequestId, pool: &Arc<str>, order: Order) -> (String, Value, CancellationToken) {
        let id = format!("batch_{:016x}{:08x}", request.run, request.number);
        let job = Job::new(id.clone(), pool.clone(), order);
        let (view, cancel) = (job.describe(), job.cancel.clone());
        self.book().jobs.push(job);
        (id, view, cancel)
    }

    pub(super) fn job(&self, pool: &str, id: &str) -> Result<Value, Refusal> {
        let book = self.book();
        let job = book.jobs.iter().find(|job| job.id == id && &*job.pool == pool);
        job.map(Job::describe).ok_or_else(|| no_batch(id))
    }

    /// A page of batches, newest first.
    pub(super) fn list_jobs(&self, pool: &str, query: &str) -> Result<Value, Refusal> {
        let asked = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
        };
        let limit = match asked("limit") {
            None => USUAL_PAGE,
            Some(text) => text.parse().ok().filter(|limit| (1..=LONGEST_PAGE).contains(limit)).ok_or_else(|| {
                Refusal::bad_value("limit", format!("Invalid 'limit': expected a value from 1 to {LONGEST_PAGE}."))
            })?,
        };
        let book = self.book();
        let mut mine: Vec<&Job> = book.jobs.iter().rev().filter(|job| &*job.pool == pool).collect();
        if let Some(after) = asked("after") {
            let at = mine.iter().position(|job| job.id == after).ok_or_else(|| no_batch(&after))?;
            mine.drain(..=at);
        }
        let page: Vec<Value> = mine.iter().take(limit).map(|job| job.describe()).collect();
        Ok(list(&page, mine.len() > limit))
    }

    pub(super) fn cancel(&self, pool: &str, id: &str) -> Result<Value, Refusal> {
        let mut book = self.book();
        let job = book.jobs.iter_mut().find(|job| job.id == id && &*job.pool == pool).ok_or_else(|| no_batch(id))?;
        if job.status.is_final() {
            let message = format!("Cannot cancel a batch with status '{}'.", job.status.name());
            return Err(Refusal::new(409, "invalid_request_error", Value::Null, message));
        }
        job.enter(Status::Cancelling);
        job.cancel.cancel();
        Ok(job.describe())
    }

    /// Changes a batch; false when it was forgotten.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Job)) -> bool {
        let mut book = self.book();
        let job = book.jobs.iter_mut().find(|job| job.id == id);
        let known = job.is_some();
        if let Some(job) = job {
            change(job);
        }
        known
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_file(id: &str) -> Refusal {
    let message = format!("No such File object: {id}");
    Refusal::new(404, "invalid_request_error", Value::Null, message).about("id")
}

fn no_batch(id: &str) -> Refusal {
    Refusal::new(404, "invalid_request_error", Value::Null, format!("No batch found with id '{id}'."))
}
