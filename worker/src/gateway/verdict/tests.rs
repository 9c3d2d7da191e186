//! The table, row by row. What is expected reads: class, again, other pool, next model, effect, money.

use std::time::Duration;

use super::{Effect, verdict};
use crate::gateway::failure::{Failure, Refused};
use crate::gateway::reply::ProviderError;

const KEY: &str = "KeyRefused No Yes Yes KeyAside NotBilled";
const CREDIT: &str = "OutOfCredit No Yes Yes PoolAside(None) NotBilled";
const LIMIT: &str = "RateLimited AfterRest Yes Yes PoolRests(None) NotBilled";
const MISSING: &str = "ModelMissing No Once Yes ModelRetired NotBilled";
const POLICY: &str = "ContentPolicy No No IfConfigured None NotBilled";
const INVALID: &str = "InvalidRequest No No No None NotBilled";
const TROUBLE: &str = "ProviderError Jittered Yes Yes None NotBilled";
const TOO_LONG: &str = "TooLong No No Yes None NotBilled";
const SLOW: &str = "RateLimited AfterRest No Yes SlowDown(None) NotBilled";
const NO_ANSWER: &str = "NoAnswer No Once Yes None Unknown";
const USELESS: &str = "Unusable AtOnce No Yes None ByUsage";
const DECLINED: &str = "ContentPolicy No No Once None ByUsage";

/// Error answers: status, the `error` in the body, what is expected.
const STATUSES: &[(u16, &str, &str)] = &[
    (401, r#"{"code":"invalid_api_key"}"#, KEY),
    (401, r#"{"code":401,"message":"User not found."}"#, KEY),
    (400, r#"{"code":"invalid_api_key"}"#, KEY),
    (403, r#"{"code":"insufficient_permissions"}"#, KEY),
    (403, "{}", KEY),
    (403, r#"{"code":"unsupported_country_region_territory"}"#, "RegionRefused No No Yes None NotBilled"),
    (403, r#"{"code":403,"message":"Your input was flagged"}"#, "ContentPolicy No Yes Yes None NotBilled"),
    (402, r#"{"code":402,"message":"Insufficient credits"}"#, CREDIT),
    (429, r#"{"code":"insufficient_quota"}"#, CREDIT),
    (429, r#"{"code":"billing_hard_limit_reached"}"#, CREDIT),
    (429, r#"{"type":"insufficient_quota","code":null}"#, CREDIT),
    (429, r#"{"type":"requests","code":"rate_limit_exceeded"}"#, LIMIT),
    (429, r#"{"type":"images","code":"rate_limit_exceeded"}"#, LIMIT),
    (429, r#"{"code":429}"#, LIMIT),
    (429, "{}", LIMIT),
    (429, r#"{"message":"on requests per day (RPD)"}"#, "RateLimited No Yes Yes PoolRests(Some(3600s)) NotBilled"),
    (400, r#"{"code":"billing_hard_limit_reached","type":"billing_limit_user_error"}"#, CREDIT),
    (403, r#"{"code":"insufficient_quota"}"#, CREDIT),
    (
        429,
        r#"{"message":"Rate limit exceeded: free-models-per-day."}"#,
        "RateLimited No Yes Yes PoolRests(Some(3600s)) NotBilled",
    ),
    (
        429,
        r#"{"code":"rate_limit_exceeded","type":"tokens","message":"Request too large for m on tokens per min"}"#,
        TOO_LONG,
    ),
    (429, r#"{"code":"slow_down"}"#, SLOW),
    (503, r#"{"code":"slow_down"}"#, SLOW),
    (403, r#"{"code":"model_not_found","message":"Project p does not have access to model m"}"#, MISSING),
    (403, r#"{"code":null,"message":"Your organization must be verified to use the model `m`."}"#, MISSING),
    (404, r#"{"code":"model_not_found"}"#, MISSING),
    (404, "{}", MISSING),
    (400, r#"{"code":"model_not_found"}"#, MISSING),
    (400, r#"{"code":"content_policy_violation"}"#, POLICY),
    (400, r#"{"code":"moderation_blocked","type":"image_generation_user_error"}"#, POLICY),
    (400, r#"{"code":"context_length_exceeded"}"#, TOO_LONG),
    (413, r#"{"code":"context_length_exceeded"}"#, TOO_LONG),
    (400, r#"{"code":"unknown_parameter"}"#, INVALID),
    (413, "{}", INVALID),
    (422, "{}", INVALID),
    (405, "{}", INVALID),
    (408, "{}", NO_ANSWER),
    (409, "{}", TROUBLE),
    (425, "{}", TROUBLE),
    (500, "{}", TROUBLE),
    (504, "{}", "ProviderError Jittered Yes Yes None Unknown"),
    (524, "<html>", "ProviderError Jittered Yes Yes None Unknown"),
    (502, "<html>", TROUBLE),
    (503, r#"{"code":503}"#, TROUBLE),
    (302, "{}", "Unreachable No No OtherHost None NotBilled"),
];

/// Errors that a router passes on: status, `error.metadata.raw`, what is expected.
const PASSED_ON: &[(u16, &str, &str)] = &[
    (401, r#""{\"error\":{\"code\":\"invalid_api_key\"}}""#, MISSING),
    (402, r#""no credit left""#, MISSING),
    (429, r#"{"error":{"code":"insufficient_quota"}}"#, MISSING),
    (429, r#""m is temporarily rate-limited upstream""#, LIMIT),
    (429, r#""{\"error\":{\"code\":\"slow_down\"}}""#, SLOW),
    (400, r#""{\"error\":{\"code\":\"context_length_exceeded\"}}""#, TOO_LONG),
    (400, r#""{\"error\":{\"code\":\"content_policy_violation\"}}""#, POLICY),
    (403, r#""Your input was flagged""#, "ContentPolicy No Yes Yes None NotBilled"),
    (502, r#""bad gateway""#, TROUBLE),
];

/// Errors inside a success: the error, what is expected.
const ERRORS_IN_SUCCESS: &[(&str, &str)] = &[
    (r#"{"code":502,"message":"upstream"}"#, USELESS),
    (r#"{"message":"something"}"#, USELESS),
    (r#"{"code":429}"#, "RateLimited AfterRest Yes Yes PoolRests(None) ByUsage"),
    (r#"{"code":"insufficient_quota"}"#, "OutOfCredit No Yes Yes PoolAside(None) ByUsage"),
    (
        r#"{"code":"429","message":"Please try again in 9s."}"#,
        "RateLimited AfterRest Yes Yes PoolRests(Some(9s)) ByUsage",
    ),
    (r#"{"code":404}"#, "ModelMissing No Once Yes ModelRetired ByUsage"),
    (r#"{"code":"moderation_blocked"}"#, "ContentPolicy No No IfConfigured None ByUsage"),
    (r#"{"code":400,"message":"maximum context length is 9"}"#, "TooLong No No Yes None ByUsage"),
    (r#"{"code":401,"metadata":{"raw":"Unauthorized"}}"#, "ModelMissing No Once Yes ModelRetired ByUsage"),
    (
        r#"{"code":500,"metadata":{"raw":"{\"error\":{\"code\":\"slow_down\"}}"}}"#,
        "RateLimited AfterRest No Yes SlowDown(None) ByUsage",
    ),
];

fn error(body: &str) -> ProviderError {
    ProviderError::from_body(format!(r#"{{"error":{body}}}"#).as_bytes())
}

fn judged(failure: &Failure) -> String {
    let found = verdict(failure);
    let super::Verdict { class, again, other_pool, next_model, effect, money } = found;
    format!("{class:?} {again:?} {other_pool:?} {next_model:?} {effect:?} {money:?}")
}

#[test]
fn error_answers() {
    for (status, body, expected) in STATUSES {
        let refused = Refused { status: *status, error: error(body), retry_after: None };
        assert_eq!(judged(&Failure::Status(refused)), *expected, "{status} {body}");
    }
    for (status, raw, expected) in PASSED_ON {
        let error =
            error(&format!(r#"{{"code":{status},"message":"Provider returned error","metadata":{{"raw":{raw}}}}}"#));
        assert_eq!(judged(&Failure::Status(Refused { status: *status, error, retry_after: None })), *expected, "{raw}");
    }
    for (body, expected) in ERRORS_IN_SUCCESS {
        assert_eq!(judged(&Failure::ErrorInSuccess(error(body))), *expected, "{body}");
    }
}

#[test]
fn broken_exchanges_and_useless_answers() {
    for (failure, expected) in [
        (Failure::Unreachable, "Unreachable AtOnce No OtherHost None NotBilled"),
        (Failure::TimedOut, NO_ANSWER),
        (Failure::Broken, NO_ANSWER),
        (Failure::TooBig, NO_ANSWER),
        (Failure::NotJson, "Unusable AtOnce No Yes None Unknown"),
        (Failure::Unusable("breaks the schema".to_owned()), USELESS),
        (Failure::CutShort, "CutShort DoubleCap No Yes None ByUsage"),
        (Failure::Declined, DECLINED),
        (Failure::Filtered, DECLINED),
        (Failure::NoImage, DECLINED),
    ] {
        assert_eq!(judged(&failure), expected, "{failure:?}");
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
