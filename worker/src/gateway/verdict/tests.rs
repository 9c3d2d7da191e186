//! The table, row by row.

use std::time::Duration;

use super::{Again, Class, Effect, Money, NextModel, OtherPool, verdict};
use crate::gateway::failure::{Failure, Refused};
use crate::gateway::reply::ProviderError;

fn error(body: &str) -> ProviderError {
    ProviderError::from_body(format!(r#"{{"error":{body}}}"#).as_bytes())
}

fn status(status: u16, body: &str) -> Failure {
    Failure::Status(Refused { status, error: error(body), retry_after: None })
}

#[test]
fn every_row_of_the_table() {
    use Again as A;
    use Class as C;
    use Effect as E;
    use Money as M;
    use NextModel as N;
    use OtherPool as O;
    let day = Some(Duration::from_secs(3600));
    let rows = [
        (Failure::Unreachable, C::Unreachable, A::AtOnce, O::No, N::OtherHost, E::None, M::NotBilled),
        (status(401, r#"{"code":"invalid_api_key"}"#), C::KeyRefused, A::No, O::Yes, N::Yes, E::KeyAside, M::NotBilled),
        (
            status(401, r#"{"code":401,"message":"User not found."}"#),
            C::KeyRefused,
            A::No,
            O::Yes,
            N::Yes,
            E::KeyAside,
            M::NotBilled,
        ),
        (status(400, r#"{"code":"invalid_api_key"}"#), C::KeyRefused, A::No, O::Yes, N::Yes, E::KeyAside, M::NotBilled),
        (
            status(403, r#"{"code":"insufficient_permissions"}"#),
            C::KeyRefused,
            A::No,
            O::Yes,
            N::Yes,
            E::KeyAside,
            M::NotBilled,
        ),
        (
            status(403, r#"{"code":"unsupported_country_region_territory"}"#),
            C::RegionRefused,
            A::No,
            O::No,
            N::Yes,
            E::None,
            M::NotBilled,
        ),
        (
            status(403, r#"{"code":403,"message":"Your input was flagged"}"#),
            C::ContentPolicy,
            A::No,
            O::Yes,
            N::Yes,
            E::None,
            M::NotBilled,
        ),
        (
            status(402, r#"{"code":402,"message":"Insufficient credits"}"#),
            C::OutOfCredit,
            A::No,
            O::Yes,
            N::Yes,
            E::PoolAside(None),
            M::NotBilled,
        ),
        (
            status(429, r#"{"code":"insufficient_quota"}"#),
            C::OutOfCredit,
            A::No,
            O::Yes,
            N::Yes,
            E::PoolAside(None),
            M::NotBilled,
        ),
        (
            status(429, r#"{"code":"billing_hard_limit_reached"}"#),
            C::OutOfCredit,
            A::No,
            O::Yes,
            N::Yes,
            E::PoolAside(None),
            M::NotBilled,
        ),
        (
            status(429, r#"{"type":"insufficient_quota","code":null}"#),
            C::OutOfCredit,
            A::No,
            O::Yes,
            N::Yes,
            E::PoolAside(None),
            M::NotBilled,
        ),
        (
            status(429, r#"{"type":"requests","code":"rate_limit_exceeded"}"#),
            C::RateLimited,
            A::AfterRest,
            O::Yes,
            N::Yes,
            E::PoolRests(None),
            M::NotBilled,
        ),
        (
            status(429, r#"{"code":429}"#),
            C::RateLimited,
            A::AfterRest,
            O::Yes,
            N::Yes,
            E::PoolRests(None),
            M::NotBilled,
        ),
        (
            status(429, r#"{"message":"Limit reached on requests per day (RPD)"}"#),
            C::RateLimited,
            A::No,
            O::Yes,
            N::Yes,
            E::PoolRests(day),
            M::NotBilled,
        ),
        (
            status(429, r#"{"code":"slow_down"}"#),
            C::RateLimited,
            A::AfterRest,
            O::No,
            N::Yes,
            E::PoolRests(None),
            M::NotBilled,
        ),
        (
            status(404, r#"{"code":"model_not_found"}"#),
            C::ModelMissing,
            A::No,
            O::Once,
            N::Yes,
            E::ModelRetired,
            M::NotBilled,
        ),
        (status(404, "{}"), C::ModelMissing, A::No, O::Once, N::Yes, E::ModelRetired, M::NotBilled),
        (
            status(400, r#"{"code":"model_not_found"}"#),
            C::ModelMissing,
            A::No,
            O::Once,
            N::Yes,
            E::ModelRetired,
            M::NotBilled,
        ),
        (
            status(400, r#"{"code":"content_policy_violation"}"#),
            C::ContentPolicy,
            A::No,
            O::No,
            N::IfConfigured,
            E::None,
            M::NotBilled,
        ),
        (
            status(400, r#"{"code":"moderation_blocked","type":"image_generation_user_error"}"#),
            C::ContentPolicy,
            A::No,
            O::No,
            N::IfConfigured,
            E::None,
            M::NotBilled,
        ),
        (status(400, r#"{"code":"context_length_exceeded"}"#), C::TooLong, A::No, O::No, N::Yes, E::None, M::NotBilled),
        (status(400, r#"{"code":"unknown_parameter"}"#), C::InvalidRequest, A::No, O::No, N::No, E::None, M::NotBilled),
        (status(413, "{}"), C::InvalidRequest, A::No, O::No, N::No, E::None, M::NotBilled),
        (status(422, "{}"), C::InvalidRequest, A::No, O::No, N::No, E::None, M::NotBilled),
        (status(408, "{}"), C::NoAnswer, A::No, O::Once, N::Yes, E::None, M::Unknown),
        (Failure::TimedOut, C::NoAnswer, A::No, O::Once, N::Yes, E::None, M::Unknown),
        (Failure::Broken, C::NoAnswer, A::No, O::Once, N::Yes, E::None, M::Unknown),
        (Failure::TooBig, C::NoAnswer, A::No, O::Once, N::Yes, E::None, M::Unknown),
        (status(500, "{}"), C::ProviderError, A::Jittered, O::Yes, N::Yes, E::None, M::NotBilled),
        (status(503, r#"{"code":503}"#), C::ProviderError, A::Jittered, O::Yes, N::Yes, E::None, M::NotBilled),
        (status(302, "{}"), C::Unreachable, A::No, O::No, N::OtherHost, E::None, M::NotBilled),
        (Failure::ErrorInSuccess(error(r#"{"code":502}"#)), C::Unusable, A::AtOnce, O::No, N::Yes, E::None, M::ByUsage),
        (
            Failure::ErrorInSuccess(error(r#"{"code":429}"#)),
            C::RateLimited,
            A::AfterRest,
            O::Yes,
            N::Yes,
            E::PoolRests(None),
            M::ByUsage,
        ),
        (Failure::NotJson, C::Unusable, A::AtOnce, O::No, N::Yes, E::None, M::Unknown),
        (Failure::Unusable(String::new()), C::Unusable, A::AtOnce, O::No, N::Yes, E::None, M::ByUsage),
        (Failure::CutShort, C::CutShort, A::DoubleCap, O::No, N::Yes, E::None, M::ByUsage),
        (Failure::Declined, C::ContentPolicy, A::No, O::No, N::Once, E::None, M::ByUsage),
        (Failure::Filtered, C::ContentPolicy, A::No, O::No, N::Once, E::None, M::ByUsage),
        (Failure::NoImage, C::ContentPolicy, A::No, O::No, N::Once, E::None, M::ByUsage),
    ];
    for (failure, class, again, other_pool, next_model, effect, money) in rows {
        let found = verdict(&failure);
        let expected = super::Verdict { class, again, other_pool, next_model, effect, money };
        assert_eq!(found, expected, "{failure:?}");
    }
}

#[test]
fn a_stated_time_is_kept() {
    let wait = Some(Duration::from_secs(7));
    let refused = |error| Failure::Status(Refused { status: 429, error, retry_after: wait });
    assert_eq!(verdict(&refused(error("{}"))).effect, Effect::PoolRests(wait));
    assert_eq!(verdict(&refused(error(r#"{"message":"per day"}"#))).effect, Effect::PoolRests(wait));
    assert_eq!(verdict(&refused(error(r#"{"code":"insufficient_quota"}"#))).effect, Effect::PoolAside(wait));
}
