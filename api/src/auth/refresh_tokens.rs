//! Refresh tokens: 256 bits each. Only their hashes are stored.
//!
//! The first token of a session is random. Each later one is derived from the hash of the token before it, by HMAC under a
//! key that only the server has. So the same token always has the same successor, and a client whose answer was lost can be
//! given it again, though nobody has kept it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::{SysError, SysRng};
use sha2::{Digest, Sha256};
use shared::config::{AuthSettings, ConfigError};
use shared::store::sessions::TokenHash;

/// A token, and the hash that is stored of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefreshToken {
    pub(super) token: String,
    pub(super) hash: TokenHash,
}

impl RefreshToken {
    fn of(bytes: &[u8]) -> Self {
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash(&token);
        Self { token, hash }
    }
}

/// Makes a session's first token.
pub(super) fn make() -> Result<RefreshToken, SysError> {
    let mut bytes = [0_u8; 32];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(RefreshToken::of(&bytes))
}

/// Hashes a token as it is stored.
pub(super) fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// Keys that successors are derived with: the present secret's, then the one of the secret before it.
pub struct SuccessorKeys(Vec<Hmac<Sha256>>);

impl SuccessorKeys {
    pub fn new(settings: &AuthSettings) -> Result<Self, ConfigError> {
        let secrets = [Some(settings.secret()?), settings.previous()?];
        Ok(Self(secrets.into_iter().flatten().map(derive).collect()))
    }

    /// Derives the successors of a token, by its hash: the one to give, then the one that the secret before would have given.
    pub(super) fn of(&self, presented: &TokenHash) -> Vec<RefreshToken> {
        let successor = |key: &Hmac<Sha256>| key.clone().chain_update(presented).finalize().into_bytes();
        self.0.iter().map(|key| RefreshToken::of(&successor(key))).collect()
    }
}

fn derive(secret: &[u8]) -> Hmac<Sha256> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, secret)
        .expand(b"broadside refresh token successors v1", &mut key)
        .expect("32 bytes are fewer than HKDF gives at most");
    Hmac::new_from_slice(&key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use shared::config::{Names, Settings};

    use super::{SuccessorKeys, hash, make};

    const OLD: &str = "the secret of last year, 32 bytes at least";
    const NEW: &str = "the secret of this year, 32 bytes at least";

    fn keys(secret: &str, previous: &str) -> SuccessorKeys {
        let names = Names::from([("DATABASE_URL", "postgresql://u@h/d"), ("SECRET_KEY", secret)]);
        let mut settings = Settings::load(&names).expect("settings");
        settings.auth.previous_secret = previous.into();
        SuccessorKeys::new(&settings.auth).expect("keys")
    }

    #[test]
    fn no_two_tokens_are_alike() {
        let (one, other) = (make().expect("random bytes"), make().expect("random bytes"));
        assert_ne!(one, other);
        assert_eq!(one.token.len(), 43);
        assert_eq!(hash(&one.token), one.hash);
    }

    #[test]
    fn a_token_has_one_successor_as_long_as_the_secret_is_known() {
        let token = make().expect("random bytes");
        let before = keys(OLD, "").of(&token.hash);
        assert_eq!(keys(OLD, "").of(&token.hash), before);
        assert_ne!(keys(OLD, "").of(&before[0].hash), before, "each token has its own");
        let after = keys(NEW, OLD).of(&token.hash);
        assert_ne!(after[0], before[0]);
        assert_eq!(after[1], before[0]);
    }
}
