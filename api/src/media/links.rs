//! Links that need no token: they carry an expiry and a signature.
//!
//! The key is derived by HKDF-SHA256 from the secret that signs tokens, for this use alone, and named by a key id in the
//! link; what the previous secret signed stays good until it expires. A link is built on the configured public address,
//! never on a request's `Host`. Expiries are rounded up, so that the same image has the same link for some minutes and
//! caches can hold it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use shared::config::{ConfigError, Settings};
use shared::domain::{AssetId, BatchId, SessionId, UserId};
use shared::media::MediaKey;
use subtle::ConstantTimeEq;
use url::Url;

/// What expiries are rounded up to.
const ROUND: u64 = 300;

/// How long the link to a batch's events works at least.
const EVENTS: Duration = Duration::from_mins(10);

/// Why a link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefusal {
    #[error("the link has expired")]
    Expired,
    #[error("the link was not signed by us")]
    Invalid,
}

/// What a signed link carries in its query beside what it names.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Seconds since 1970.
    pub expires: u64,
    pub kid: String,
    pub sig: String,
}

/// What an address under our own one names.
#[derive(Debug)]
pub enum Own {
    /// An image of a post, by a link that is still to be checked.
    Media(MediaKey, Signature),
    /// An image of an asset, by a link that is still to be checked.
    Asset(AssetId, MediaKey, Signature),
    /// Nothing that is read by link.
    Other,
}

/// Makes and checks signed links.
pub struct Links {
    base: String,
    lifetime: Duration,
    signing: LinkKey,
    previous: Option<LinkKey>,
}

impl Links {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            base: settings.http.public_url(),
            lifetime: Duration::from_secs(settings.storage.link_seconds),
            signing: LinkKey::derive(settings.auth.secret()?),
            previous: settings.auth.previous()?.map(LinkKey::derive),
        })
    }

    /// A path of ours as an absolute address.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Returns the address of an image of an asset. It speaks for that asset alone: other assets may have the same image.
    pub fn asset(&self, asset: AssetId, key: &MediaKey) -> String {
        let signature = self.sign(&asset_text(asset, key), self.lifetime);
        format!("{}/api/v1/media/{key}?asset={asset}&{}", self.base, signature.query())
    }

    /// Returns the address of an image of a post.
    pub fn media(&self, key: &MediaKey) -> String {
        let signature = self.sign(&media_text(key), self.lifetime);
        format!("{}/api/v1/media/{key}?{}", self.base, signature.query())
    }

    /// What of ours an address names; `None` when it is somebody else's.
    pub fn own(&self, address: &str) -> Option<Own> {
        let (url, base) = (Url::parse(address).ok()?, Url::parse(&self.base).ok()?);
        if url.origin() != base.origin() {
            return None;
        }
        let media = || {
            let folder = base.path().trim_end_matches('/');
            let key: MediaKey = url.path().strip_prefix(folder)?.strip_prefix("/api/v1/media/")?.parse().ok()?;
            let value =
                |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
            let expires = value("expires")?.parse().ok()?;
            let signature = Signature { expires, kid: value("kid")?, sig: value("sig")? };
            if key.is_of_content() {
                return Some(Own::Asset(AssetId(value("asset")?.parse().ok()?), key, signature));
            }
            Some(Own::Media(key, signature))
        };
        Some(media().unwrap_or(Own::Other))
    }

    pub fn check_media(&self, key: &MediaKey, signature: &Signature) -> Result<(), LinkRefusal> {
        self.check(&media_text(key), signature)
    }

    pub fn check_asset(&self, asset: AssetId, key: &MediaKey, signature: &Signature) -> Result<(), LinkRefusal> {
        self.check(&asset_text(asset, key), signature)
    }

    /// The address of a batch's events, for clients that cannot send a header. It speaks for one session and ends with it.
    pub fn events(&self, batch: BatchId, user: UserId, session: SessionId) -> String {
        let signature = self.sign(&events_text(batch, user, session), EVENTS);
        let query = signature.query();
        format!("{}/api/v1/batch-jobs/{batch}/events?user={user}&session={session}&{query}", self.base)
    }

    pub fn check_events(
        &self,
        batch: BatchId,
        user: UserId,
        session: SessionId,
        signature: &Signature,
    ) -> Result<(), LinkRefusal> {
        self.check(&events_text(batch, user, session), signature)
    }

    fn sign(&self, text: &str, lifetime: Duration) -> Signature {
        let expires = (now() + lifetime.as_secs()).next_multiple_of(ROUND);
        Signature { expires, kid: self.signing.id.clone(), sig: self.signing.sign(text, expires) }
    }

    fn check(&self, text: &str, signature: &Signature) -> Result<(), LinkRefusal> {
        let keys = [Some(&self.signing), self.previous.as_ref()];
        let key = keys.into_iter().flatten().find(|key| key.id == signature.kid).ok_or(LinkRefusal::Invalid)?;
        let expected = key.sign(text, signature.expires);
        if !bool::from(expected.as_bytes().ct_eq(signature.sig.as_bytes())) {
            return Err(LinkRefusal::Invalid);
        }
        if signature.expires <= now() { Err(LinkRefusal::Expired) } else { Ok(()) }
    }
}

impl Signature {
    fn query(&self) -> String {
        format!("expires={}&kid={}&sig={}", self.expires, self.kid, self.sig)
    }

    /// How long it is still good.
    pub fn remaining(&self) -> Duration {
        Duration::from_secs(self.expires.saturating_sub(now()))
    }
}

fn media_text(key: &MediaKey) -> String {
    format!("media\n{key}")
}

fn asset_text(asset: AssetId, key: &MediaKey) -> String {
    format!("asset\n{asset}\n{key}")
}

fn events_text(batch: BatchId, user: UserId, session: SessionId) -> String {
    format!("events\n{batch}\n{user}\n{session}")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

struct LinkKey {
    id: String,
    mac: Hmac<Sha256>,
}

impl LinkKey {
    fn derive(secret: &[u8]) -> Self {
        let mut bytes = [0; 38];
        Hkdf::<Sha256>::new(None, secret)
            .expand(b"broadside signed links v1", &mut bytes)
            .expect("38 bytes are fewer than HKDF gives at most");
        let (id, key) = bytes.split_at(6);
        let id = URL_SAFE_NO_PAD.encode(id);
        Self { id, mac: Hmac::new_from_slice(key).expect("HMAC takes keys of any length") }
    }

    fn sign(&self, text: &str, expires: u64) -> String {
        let mac = self.mac.clone().chain_update(text).chain_update(b"\n").chain_update(expires.to_be_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::config::{Names, Settings};
    use shared::domain::{AssetId, BatchId, PostId, SessionId, Step, UserId};
    use shared::media::{ImageFormat, MediaKey};

    use super::{LinkRefusal, Links, Own, Signature, media_text, now};

    const OLD: &str = "the secret of last year, 32 bytes at least";
    const NEW: &str = "the secret of this year, 32 bytes at least";

    fn links(secret: &str, previous: &str) -> Links {
        let names = Names::from([("DATABASE_URL", "postgresql://u@h/d"), ("SECRET_KEY", secret)]);
        let mut settings = Settings::load(&names).expect("settings");
        settings.auth.previous_secret = previous.into();
        settings.http.public_url = "https://posts.example/".to_owned();
        Links::new(&settings).expect("links")
    }

    fn key() -> MediaKey {
        MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png)
    }

    fn signature(link: &str) -> Signature {
        let query: std::collections::HashMap<&str, &str> =
            link.split_once('?').expect("a query").1.split('&').filter_map(|pair| pair.split_once('=')).collect();
        Signature {
            expires: query["expires"].parse().expect("a time"),
            kid: query["kid"].to_owned(),
            sig: query["sig"].to_owned(),
        }
    }

    #[test]
    fn a_link_is_good_for_what_it_names_and_nothing_else() {
        let (links, mine, other) = (links(NEW, ""), key(), key());
        let link = links.media(&mine);
        assert!(link.starts_with(&format!("https://posts.example/api/v1/media/{mine}?expires=")), "{link}");
        let good = signature(&link);
        assert_eq!(links.check_media(&mine, &good), Ok(()));
        assert_eq!(links.check_media(&other, &good), Err(LinkRefusal::Invalid));
        let later = Signature { expires: good.expires + 1, ..good.clone() };
        assert_eq!(links.check_media(&mine, &later), Err(LinkRefusal::Invalid));
        let unknown = Signature { kid: "00000000".to_owned(), ..good };
        assert_eq!(links.check_media(&mine, &unknown), Err(LinkRefusal::Invalid));
    }

    #[test]
    fn our_own_links_are_known_by_their_address() {
        let (links, key) = (links(NEW, ""), key());
        let link = links.media(&key);
        for own in [link.clone(), link.replace("https://posts.example/", "HTTPS://Posts.example:443/")] {
            let Some(Own::Media(named, signature)) = links.own(&own) else { panic!("{own} is ours") };
            assert_eq!((named, links.check_media(&key, &signature)), (key.clone(), Ok(())));
        }
        for other in
            ["https://posts.example/", "https://posts.example/api/v1/media/x", "https://posts.example/livez?sig=a"]
        {
            assert!(matches!(links.own(other), Some(Own::Other)), "{other}");
        }
        for foreign in [
            link.replace("https:", "http:"),
            link.replace("posts.example", "posts.example:444"),
            link.replace("posts.example", "posts.example.evil.example"),
            link.replace("posts.example", "posts.example@evil.example"),
        ] {
            assert!(links.own(&foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn a_link_to_an_asset_speaks_for_no_other_asset_with_the_same_image() {
        let (links, asset) = (links(NEW, ""), AssetId::new());
        let key = MediaKey::of_content(b"bread", ImageFormat::Png);
        let link = links.asset(asset, &key);
        let Some(Own::Asset(named, same, signature)) = links.own(&link) else { panic!("{link} is ours") };
        assert_eq!((named, &same, links.check_asset(asset, &key, &signature)), (asset, &key, Ok(())));
        assert_eq!(links.check_asset(AssetId::new(), &key, &signature), Err(LinkRefusal::Invalid));
        assert_eq!(links.check_media(&key, &signature), Err(LinkRefusal::Invalid));
        assert!(matches!(links.own(&links.media(&key)), Some(Own::Other)), "it names no asset");
    }

    #[test]
    fn a_link_stays_the_same_for_minutes_and_expires() {
        let (links, key) = (links(NEW, ""), key());
        let expires = signature(&links.media(&key)).expires;
        assert_eq!(expires % 300, 0);
        assert!((3_600..=3_900).contains(&(expires - now())));
        let past = now() - 1;
        let old = Signature {
            expires: past,
            kid: links.signing.id.clone(),
            sig: links.signing.sign(&media_text(&key), past),
        };
        assert_eq!(links.check_media(&key, &old), Err(LinkRefusal::Expired));
        assert_eq!(old.remaining(), Duration::ZERO);
    }

    #[test]
    fn a_link_outlives_a_change_of_the_secret() {
        let key = key();
        let old = signature(&links(OLD, "").media(&key));
        assert_eq!(links(NEW, OLD).check_media(&key, &old), Ok(()));
        assert_eq!(links(NEW, "").check_media(&key, &old), Err(LinkRefusal::Invalid));
    }

    #[test]
    fn a_link_to_events_speaks_for_one_session() {
        let links = links(NEW, "");
        let (batch, user, session) = (BatchId::new(), UserId::new(), SessionId::new());
        let good = signature(&links.events(batch, user, session));
        assert_eq!(links.check_events(batch, user, session, &good), Ok(()));
        for (batch, user, session) in
            [(BatchId::new(), user, session), (batch, UserId::new(), session), (batch, user, SessionId::new())]
        {
            assert_eq!(links.check_events(batch, user, session, &good), Err(LinkRefusal::Invalid));
        }
        assert_eq!(links.check_media(&key(), &good), Err(LinkRefusal::Invalid));
    }
}
