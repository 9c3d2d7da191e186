//! Password hashes: Argon2id, computed on threads of their own, a few at once.
//!
//! Those who wait for a thread are bounded too: past that, callers are told to come back, so that a flood of logins costs
//! neither memory nor anybody's time for long.
//!
//! An unknown user costs as much time as a wrong password: a hash of nobody is verified. Hashes of older databases
//! (bcrypt) are verified as they are and replaced at the next login.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

/// 19 MiB, two passes, one lane: what OWASP names first.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How long a password waits for a thread at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("argon2: {0}")]
    Hash(argon2::password_hash::Error),
    #[error("argon2 parameters: {0}")]
    Parameters(argon2::Error),
    #[error("a hashing thread went away")]
    Gone,
    #[error("too many passwords wait to be hashed")]
    Busy,
}

/// How a password compares with the hash on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    Wrong,
    Right,
    /// Right, and the hash is of an older kind: replace it.
    RightButOld,
}

/// Hashes and verifies, `permits` at once, while at most `waiting` others wait.
pub struct Passwords {
    /// One for each password at work or waiting.
    places: Arc<Semaphore>,
    permits: Arc<Semaphore>,
    /// The hash of a password that nobody has.
    nobody: String,
}

impl Passwords {
    pub fn new(permits: usize, waiting: usize) -> Result<Self, PasswordError> {
        let nobody = hash(&format!("{:032x}", rand::random::<u128>()))?;
        let permits = permits.max(1);
        let places = Arc::new(Semaphore::new(permits + waiting));
        Ok(Self { places, permits: Arc::new(Semaphore::new(permits)), nobody })
    }

    /// The hash of a new password, in PHC form.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.work(move || hash(&password)).await?
    }

    /// Compares a password with the hash on record; without one (an unknown user) it takes as long and is wrong.
    pub async fn verify(&self, password: String, record: Option<String>) -> Result<Match, PasswordError> {
        let known = record.is_some();
        let record = record.unwrap_or_else(|| self.nobody.clone());
        let found = self.work(move || verify(&password, &record)).await?;
        Ok(if known { found } else { Match::Wrong })
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| PasswordError::Busy)?
            .map_err(|_| PasswordError::Gone)?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop((permit, place));
            done
        })
        .await
        .map_err(|_| PasswordError::Gone)
    }
}

fn argon() -> Result<Argon2<'static>, PasswordError> {
    let parameters = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(PasswordError::Parameters)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

fn hash(password: &str) -> Result<String, PasswordError> {
    Ok(argon()?.hash_password(password.as_bytes()).map_err(PasswordError::Hash)?.to_string())
}

fn verify(password: &str, record: &str) -> Match {
    if record.starts_with("$2") {
        return if bcrypt::verify(password, record).unwrap_or(false) { Match::RightButOld } else { Match::Wrong };
    }
    let Ok(parsed) = PasswordHash::new(record) else { return Match::Wrong };
    let Ok(argon) = argon() else { return Match::Wrong };
    if argon.verify_password(password.as_bytes(), &parsed).is_err() {
        return Match::Wrong;
    }
    let strong = parsed.algorithm.as_str() == "argon2id"
        && Params::try_from(&parsed).is_ok_and(|found| found.m_cost() >= MEMORY_KIB && found.t_cost() >= PASSES);
    if strong { Match::Right } else { Match::RightButOld }
}

#[cfg(test)]
mod tests {
    use super::{Match, PasswordError, Passwords, verify};

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::new(2, 2).expect("parameters");
        let record = passwords.hash("correct horse".to_owned()).await.expect("a hash");
        assert!(record.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{record}");
        let check = async |password: &str, record: Option<&str>| {
            passwords.verify(password.to_owned(), record.map(str::to_owned)).await.expect("verified")
        };
        assert_eq!(check("correct horse", Some(&record)).await, Match::Right);
        assert_eq!(check("wrong horse", Some(&record)).await, Match::Wrong);
        assert_eq!(check("correct horse", None).await, Match::Wrong);
        assert_eq!(check("correct horse", Some("nonsense")).await, Match::Wrong);
    }

    #[tokio::test]
    async fn only_so_many_passwords_wait() {
        let passwords = Passwords::new(1, 1).expect("parameters");
        let at_work = passwords.permits.clone().acquire_owned().await.expect("a permit");
        let hash = || passwords.hash("correct horse".to_owned());
        // Polled in this order: the first two have places, the third has none, and its refusal lets the others go on.
        let (first, second, third) = futures::join!(hash(), hash(), async {
            let refused = hash().await;
            drop(at_work);
            refused
        });
        assert!(first.is_ok() && second.is_ok());
        assert!(matches!(third, Err(PasswordError::Busy)));
        assert!(hash().await.is_ok(), "places are given back");
    }

    #[test]
    fn bcrypt_hashes_of_every_spelling_are_verified_and_due_for_replacement() {
        let made = bcrypt::hash("securepassword123", 4).expect("a hash");
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            let record = format!("{prefix}{}", &made[4..]);
            assert_eq!(verify("securepassword123", &record), Match::RightButOld, "{record}");
            assert_eq!(verify("something else", &record), Match::Wrong, "{record}");
        }
    }
}
