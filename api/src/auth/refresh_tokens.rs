//! Refresh tokens: 256 random bits. Only their hashes are stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::{SysError, SysRng};
use sha2::{Digest, Sha256};
use shared::store::sessions::TokenHash;

/// A new token, and the hash that is stored of it.
pub(super) fn make() -> Result<(String, TokenHash), SysError> {
    let mut bytes = [0_u8; 32];
    SysRng.try_fill_bytes(&mut bytes)?;
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash(&token);
    Ok((token, hash))
}

/// What is stored of a token.
pub(super) fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{hash, make};

    #[test]
    fn no_two_tokens_are_alike() {
        let (one, its_hash) = make().expect("random bytes");
        let (other, _) = make().expect("random bytes");
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_eq!(hash(&one), its_hash);
    }
}
