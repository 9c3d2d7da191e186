//! What a failed call means: the whole table of failures as a pure function.
//!
//! | signal | same key again | other pool | next model | effect |
//! |---|---|---|---|---|
//! | no connection | once, at once | no | at another host | counts for the breakers of the model and of the host |
//! | 401; 403 key or permission | no | yes | yes | the key is put aside |
//! | 403 region | no | no | yes | none |
//! | 403 moderation | no | yes | yes | none |
//! | 402; 400, 403, 429 for want of credit | no | yes | yes | the pool is put aside |
//! | 401, 402, 403, 429 passed on by a router: its provider's refusal, not of our key | no | once | yes | the model is retired in that pool |
//! | 429 over a limit | after the rest | yes | when the rest is long | the pool rests |
//! | 429 over a daily limit | no | yes | yes | the pool rests until the reset |
//! | 429, 503 `slow_down` | after the rest | no | yes | the pool rests, and has fewer calls in flight after it |
//! | 404, `model_not_found`, 403 for this model only | no | once | yes | the model is retired in that pool |
//! | 400 content policy | no | no | configurable | the post fails |
//! | 400 context too long, 429 larger than the limit itself | no | no | yes | none |
//! | 400 other, 413, 422 | no | no | no | the post fails |
//! | 408, timeout, broken transfer, too large | no | once | yes | billed or not: nobody knows; all but the last count for the breaker and lower the calls in flight |
//! | 5xx, 409, 425 | once, jittered | yes | yes | counts for the model's breaker; of 504 and 524 nobody knows whether it was billed |
//! | 200 with an error, not JSON, useless | once | no | yes | counts as billed |
//! | cut at the cap | once with double the cap | no | yes | billed |
//! | declined, filtered, no image | no | no | once | billed |

use std::time::Duration;

use super::failure::{Failure, Refused};
use super::reply::ProviderError;

/// What to do about a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) class: Class,
    pub(crate) again: Again,
    pub(crate) other_pool: OtherPool,
    pub(crate) next_model: NextModel,
    pub(crate) effect: Effect,
    pub(crate) money: Money,
}

/// What kind of failure it was: a post's reason and the histogram of a batch count by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Unreachable,
    KeyRefused,
    RegionRefused,
    ContentPolicy,
    OutOfCredit,
    RateLimited,
    ModelMissing,
    TooLong,
    InvalidRequest,
    NoAnswer,
    ProviderError,
    Unusable,
    CutShort,
}

/// Whether the same key is asked for the same again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    No,
    AtOnce,
    Jittered,
    DoubleCap,
    /// When its rest is over.
    AfterRest,
}

/// Whether other keys and pools are asked for the same model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherPool {
    No,
    Once,
    Yes,
}

/// Whether another model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextModel {
    No,
    Yes,
    /// At most one more in all.
    Once,
    /// Only one of another host.
    OtherHost,
    /// As configured.
    IfConfigured,
}

/// What others should know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    KeyAside,
    PoolAside(Option<Duration>),
    /// `None`: it did not say how long.
    PoolRests(Option<Duration>),
    /// As `PoolRests`, and with fewer calls in flight after it.
    SlowDown(Option<Duration>),
    ModelRetired,
}

/// Whether the call is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Money {
    NotBilled,
    /// Nobody can say; what was reserved stays held.
    Unknown,
    /// Billed by what it used, if the answer says what.
    ByUsage,
}

/// What `failure` means.
pub(crate) fn verdict(failure: &Failure) -> Verdict {
    match failure {
        Failure::Unreachable => UNREACHABLE,
        Failure::TimedOut | Failure::Broken | Failure::TooBig => NO_ANSWER,
        Failure::Status(refused) => of_status(refused),
        Failure::ErrorInSuccess(error) => of_error_in_success(error),
        Failure::NotJson => Verdict { money: Money::Unknown, ..UNUSABLE },
        Failure::Unusable(_) => UNUSABLE,
        Failure::CutShort => Verdict { class: Class::CutShort, again: Again::DoubleCap, ..UNUSABLE },
        Failure::Declined | Failure::Filtered | Failure::NoImage => DECLINED,
    }
}

const UNREACHABLE: Verdict = Verdict {
    class: Class::Unreachable,
    again: Again::AtOnce,
    other_pool: OtherPool::No,
    next_model: NextModel::OtherHost,
    effect: Effect::None,
    money: Money::NotBilled,
};

const NO_ANSWER: Verdict = Verdict {
    class: Class::NoAnswer,
    again: Again::No,
    other_pool: OtherPool::Once,
    next_model: NextModel::Yes,
    effect: Effect::None,
    money: Money::Unknown,
};

const UNUSABLE: Verdict = Verdict {
    class: Class::Unusable,
    again: Again::AtOnce,
    other_pool: OtherPool::No,
    next_model: NextModel::Yes,
    effect: Effect::None,
    money: Money::ByUsage,
};

const DECLINED: Verdict = Verdict {
    class: Class::ContentPolicy,
    again: Again::No,
    other_pool: OtherPool::No,
    next_model: NextModel::Once,
    effect: Effect::None,
    money: Money::ByUsage,
};

const KEY_REFUSED: Verdict = Verdict {
    class: Class::KeyRefused,
    again: Again::No,
    other_pool: OtherPool::Yes,
    next_model: NextModel::Yes,
    effect: Effect::KeyAside,
    money: Money::NotBilled,
};

const INVALID: Verdict = Verdict {
    class: Class::InvalidRequest,
    again: Again::No,
    other_pool: OtherPool::No,
    next_model: NextModel::No,
    effect: Effect::None,
    money: Money::NotBilled,
};

const TROUBLE: Verdict = Verdict {
    class: Class::ProviderError,
    again: Again::Jittered,
    other_pool: OtherPool::Yes,
    next_model: NextModel::Yes,
    effect: Effect::None,
    money: Money::NotBilled,
};

const MISSING: Verdict = Verdict {
    class: Class::ModelMissing,
    again: Again::No,
    other_pool: OtherPool::Once,
    next_model: NextModel::Yes,
    effect: Effect::ModelRetired,
    money: Money::NotBilled,
};

const TOO_LONG: Verdict = Verdict { class: Class::TooLong, next_model: NextModel::Yes, ..INVALID };

fn of_status(refused: &Refused) -> Verdict {
    let Refused { status, error, retry_after } = refused;
    match status {
        _ if is_upstreams_refusal(*status, error) => MISSING,
        _ if is_key(error) => KEY_REFUSED,
        402 => out_of_credit(*retry_after),
        400..=499 if is_billing(error) => out_of_credit(*retry_after),
        403 if is_region(error) => {
            Verdict { class: Class::RegionRefused, other_pool: OtherPool::No, effect: Effect::None, ..KEY_REFUSED }
        }
        403 if is_missing_model(error) => MISSING,
        403 if is_policy(error) => Verdict { class: Class::ContentPolicy, effect: Effect::None, ..KEY_REFUSED },
        401 | 403 => KEY_REFUSED,
        404 => MISSING,
        408 => NO_ANSWER,
        429 if says(error, &["request too large"]) => TOO_LONG,
        429 => rate_limited(error, *retry_after),
        503 if is_slow_down(error) => rate_limited(error, *retry_after),
        409 | 425 => TROUBLE,
        400..=499 if is_policy(error) => {
            Verdict { class: Class::ContentPolicy, next_model: NextModel::IfConfigured, ..INVALID }
        }
        400..=499 if is_missing_model(error) => MISSING,
        400..=499 if is_too_long(error) => TOO_LONG,
        400..=499 => INVALID,
        // A redirect is not followed: whoever answers there is not the provider.
        300..=399 => Verdict { again: Again::No, ..UNREACHABLE },
        // A gateway that gave up waiting: whoever it waited for may have done the work.
        504 | 524 => Verdict { money: Money::Unknown, ..TROUBLE },
        _ => TROUBLE,
    }
}

/// A router that passes on a refusal says so by the code; then the refusal is what counts.
fn of_error_in_success(error: &ProviderError) -> Verdict {
    let status = error.code.parse::<u16>().unwrap_or_default();
    let status = match status {
        401 | 402 | 403 | 404 | 429 => status,
        _ if is_billing(error) => 402,
        _ if is_slow_down(error) => 429,
        _ if is_key(error) || is_policy(error) || is_missing_model(error) || is_too_long(error) => 400,
        _ => return UNUSABLE,
    };
    let refused = Refused { status, error: error.clone(), retry_after: error.retry_after };
    Verdict { money: Money::ByUsage, ..of_status(&refused) }
}

fn out_of_credit(retry_after: Option<Duration>) -> Verdict {
    Verdict { class: Class::OutOfCredit, effect: Effect::PoolAside(retry_after), ..KEY_REFUSED }
}

fn rate_limited(error: &ProviderError, retry_after: Option<Duration>) -> Verdict {
    let rested = Verdict {
        class: Class::RateLimited,
        again: Again::AfterRest,
        effect: Effect::PoolRests(retry_after),
        ..KEY_REFUSED
    };
    if is_slow_down(error) {
        return Verdict { other_pool: OtherPool::No, effect: Effect::SlowDown(retry_after), ..rested };
    }
    if says(error, &["per day", "per_day", "per-day", "(rpd)", "(tpd)", "daily"]) {
        // Without a time it is tried again in an hour: no one knows when a provider's day ends.
        let until = retry_after.or(Some(Duration::from_hours(1)));
        return Verdict { again: Again::No, effect: Effect::PoolRests(until), ..rested };
    }
    rested
}

/// Whether the refusal is one between a router and the provider behind it. Our key and our credit with the router are good
/// then, and other models are served.
fn is_upstreams_refusal(status: u16, error: &ProviderError) -> bool {
    let Some(upstream) = error.upstream.as_deref() else { return false };
    let refuses = matches!(status, 401..=403) || is_key(upstream) || is_billing(upstream);
    refuses && !is_policy(error) && !is_region(error)
}

/// Whether one of the error's codes, or of those behind it, is such a one.
fn has_code(error: &ProviderError, is: impl Fn(&str) -> bool) -> bool {
    std::iter::successors(Some(error), |error| error.upstream.as_deref())
        .any(|error| is(&error.code.to_lowercase()) || is(&error.kind.to_lowercase()))
}

fn is_key(error: &ProviderError) -> bool {
    let codes = ["invalid_api_key", "incorrect_api_key", "account_deactivated"];
    codes.contains(&error.code.as_str()) || error.code.contains("permission")
}

fn is_billing(error: &ProviderError) -> bool {
    has_code(error, |code| {
        code.contains("billing")
            || ["insufficient_quota", "insufficient_credits", "quota_exceeded", "payment_required"].contains(&code)
    })
}

fn is_slow_down(error: &ProviderError) -> bool {
    has_code(error, |code| code == "slow_down")
}

fn is_region(error: &ProviderError) -> bool {
    says(error, &["region", "country", "territory"])
}

fn is_policy(error: &ProviderError) -> bool {
    let codes = ["content_policy_violation", "moderation_blocked", "content_filter", "content_policy"];
    has_code(error, |code| codes.contains(&code))
        || says(error, &["moderation", "flagged", "safety system", "usage policies", "content policy"])
}

/// Whether the model is not there, or not for this organisation.
fn is_missing_model(error: &ProviderError) -> bool {
    has_code(error, |code| ["model_not_found", "model_not_available"].contains(&code))
        || says(error, &["does not have access to model", "must be verified to use the model"])
}

fn is_too_long(error: &ProviderError) -> bool {
    has_code(error, |code| ["context_length_exceeded", "string_above_max_length"].contains(&code))
        || says(error, &["maximum context length", "context window"])
}

/// Whether the error's texts, or of those behind it, hold one of `words`.
fn says(error: &ProviderError, words: &[&str]) -> bool {
    std::iter::successors(Some(error), |error| error.upstream.as_deref()).any(|error| {
        let texts = [&error.code, &error.kind, &error.message].map(|text| text.to_lowercase());
        words.iter().any(|word| texts.iter().any(|text| text.contains(word)))
    })
}

impl Class {
    /// The stable code that batches count failures by.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unreachable | Self::NoAnswer | Self::ProviderError => "provider_unavailable",
            Self::KeyRefused => "key_refused",
            Self::RegionRefused => "region_refused",
            Self::ContentPolicy => "content_policy",
            Self::OutOfCredit => "out_of_credit",
            Self::RateLimited => "rate_limited",
            Self::ModelMissing => "model_unavailable",
            Self::TooLong => "brief_too_long",
            Self::InvalidRequest => "request_refused",
            Self::Unusable | Self::CutShort => "unusable_answer",
        }
    }

    /// What to tell the post's author.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Unreachable => "The AI provider could not be reached. The post can be retried.",
            Self::NoAnswer => "The AI provider did not answer in time. The post can be retried.",
            Self::ProviderError => "The AI provider had an error of its own. The post can be retried.",
            Self::KeyRefused => {
                "The AI provider does not accept this installation's key. Ask whoever runs it to check its keys, then \
                 retry the post."
            }
            Self::RegionRefused => {
                "The AI provider does not serve the region that this installation runs in. Ask whoever runs it to add \
                 another provider."
            }
            Self::ContentPolicy => {
                "The AI provider refused to make this post under its content policy. Change the topic or the brief, \
                 then retry."
            }
            Self::OutOfCredit => {
                "This installation's credit with the AI provider is used up. Ask whoever runs it to top it up, then \
                 retry the post."
            }
            Self::RateLimited => "The AI provider's limit is used up for now. The post is tried again later.",
            Self::ModelMissing => {
                "None of the configured AI models is available. Ask whoever runs this installation to check its models."
            }
            Self::TooLong => "The brief is too long for the AI models. Shorten it, then retry.",
            Self::InvalidRequest => {
                "The AI provider does not accept the request for this post. Ask whoever runs this installation to look \
                 at the post's attempts."
            }
            Self::Unusable => "The AI models answered, but with nothing that can be used. The post can be retried.",
            Self::CutShort => "The AI models' answers were too long and were cut off. Shorten the brief, then retry.",
        }
    }

    /// Whether it is about keys, credit or models, which only an operator can mend.
    pub(crate) const fn is_of_the_account(self) -> bool {
        matches!(self, Self::KeyRefused | Self::OutOfCredit | Self::ModelMissing)
    }

    /// Whether trying again later cannot change it.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::ContentPolicy | Self::InvalidRequest | Self::TooLong)
    }
}

#[cfg(test)]
mod tests;
