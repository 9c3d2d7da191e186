//! Access tokens: JWTs, signed with HS256, that name a user and a session.

use chrono::Utc;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use shared::config::{AuthSettings, ConfigError};
use shared::domain::{SessionId, UserId};
use uuid::Uuid;

use super::signing;
use crate::caller::Caller;

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    #[error("the access token has expired")]
    Expired,
    #[error("the access token is not one of ours")]
    Invalid,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    sid: SessionId,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// A token and how long it works.
pub struct AccessToken {
    pub token: String,
    pub seconds: u64,
}

/// Makes and checks access tokens.
pub struct Tokens {
    signing: EncodingKey,
    /// The present secret, then the one before it: what that signed stays good until it expires.
    verifying: Vec<DecodingKey>,
    validation: Validation,
    seconds: u64,
}

impl Tokens {
    pub fn new(settings: &AuthSettings) -> Result<Self, ConfigError> {
        signing::install();
        let secret = settings.secret()?;
        let secrets = [Some(secret), settings.previous()?].into_iter().flatten();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        // A token is good before the second that it names, not in it.
        validation.reject_tokens_expiring_in_less_than = 1;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Ok(Self {
            signing: EncodingKey::from_secret(secret),
            verifying: secrets.map(DecodingKey::from_secret).collect(),
            validation,
            seconds: settings.access_seconds,
        })
    }

    /// A token for a session.
    pub fn issue(&self, caller: Caller) -> Result<AccessToken, jsonwebtoken::errors::Error> {
        let now = Utc::now().timestamp();
        let claims = Claims {
            sub: caller.user,
            sid: caller.session,
            iat: now,
            exp: now + self.seconds as i64,
            jti: Uuid::now_v7(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)?;
        Ok(AccessToken { token, seconds: self.seconds })
    }

    /// Whom a token speaks for. Whether its session still stands is for [`super::Sessions`] to say.
    pub fn verify(&self, token: &str) -> Result<Caller, TokenRefusal> {
        let mut refusal = TokenRefusal::Invalid;
        for key in &self.verifying {
            match jsonwebtoken::decode::<Claims>(token, key, &self.validation) {
                Ok(data) => return Ok(Caller { user: data.claims.sub, session: data.claims.sid }),
                Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => refusal = TokenRefusal::Expired,
                Err(_) => {}
            }
        }
        Err(refusal)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use shared::config::AuthSettings;
    use shared::domain::{SessionId, UserId};

    use super::{TokenRefusal, Tokens};
    use crate::caller::Caller;

    fn settings(secret: &str, previous: &str) -> AuthSettings {
        AuthSettings {
            secret: secret.into(),
            previous_secret: previous.into(),
            algorithm: "HS256".to_owned(),
            access_seconds: 60,
            refresh_seconds: 60,
            hash_permits: 1,
            hash_waiting: 1,
            failures_per_account: 10,
            failures_per_address: 50,
            failure_window_seconds: 900,
        }
    }

    const OLD: &str = "the secret of last year, 32 bytes at least";
    const NEW: &str = "the secret of this year, 32 bytes at least";

    fn caller() -> Caller {
        Caller { user: UserId::new(), session: SessionId::new() }
    }

    #[test]
    fn a_token_speaks_for_whom_it_was_made_also_after_the_secret_changed() {
        let caller = caller();
        let old = Tokens::new(&settings(OLD, "")).expect("settings").issue(caller).expect("a token");
        assert_eq!(Tokens::new(&settings(NEW, OLD)).expect("settings").verify(&old.token), Ok(caller));
        assert_eq!(Tokens::new(&settings(NEW, "")).expect("settings").verify(&old.token), Err(TokenRefusal::Invalid));
    }

    #[test]
    fn an_expired_token_is_said_to_be() {
        let tokens = Tokens::new(&settings(NEW, "")).expect("settings");
        let expired =
            super::Claims { sub: UserId::new(), sid: SessionId::new(), iat: 1, exp: 2, jti: uuid::Uuid::now_v7() };
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        let token = jsonwebtoken::encode(&header, &expired, &tokens.signing).expect("a token");
        assert_eq!(tokens.verify(&token), Err(TokenRefusal::Expired));
    }

    #[test]
    fn a_token_without_a_signature_or_with_a_changed_payload_is_refused() {
        let tokens = Tokens::new(&settings(NEW, "")).expect("settings");
        let good = tokens.issue(caller()).expect("a token").token;
        let parts: Vec<&str> = good.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let other = tokens.issue(caller()).expect("a token").token;
        let other_payload = other.split('.').nth(1).expect("a payload");
        for bad in [
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{other_payload}.{}", parts[0], parts[2]),
            String::new(),
            "a.b.c".to_owned(),
        ] {
            assert_eq!(tokens.verify(&bad), Err(TokenRefusal::Invalid), "{bad}");
        }
    }
}
