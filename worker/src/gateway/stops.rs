//! The ways in which a step of a post ends without a reply, or waits: when it comes again, and what its author is told.

use std::time::Duration;

use rand::RngExt;
use shared::store::advance::Reason;

use super::ask::Stop;
use super::verdict::Class;

/// How soon it makes sense to come back after everything was tried.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How soon to look again when only an operator can help.
const AFTER_REFUSAL: Duration = Duration::from_secs(30);
/// How soon another worker, or this one with a fresh lease, may try.
const AFTER_LOST_LEASE: Duration = Duration::from_secs(1);

/// Up to a quarter more than `rest`.
pub(super) fn jittered(rest: Duration) -> Duration {
    rest + rest.mul_f64(rand::rng().random_range(0.0..0.25)) + Duration::from_millis(1)
}

pub(super) fn reason(class: Class) -> Reason {
    Reason { class: class.code(), message: class.message().to_owned() }
}

fn wait(after: Duration, class: Class) -> Stop {
    Stop::Wait { after, reason: reason(class) }
}

/// Nothing is open: the post waits, and that counts for nothing, unless it had trouble of its own before, or only an operator
/// can mend what is closed; that is looked at again soon, in case it was.
pub(super) fn closed(rest: Duration, class: Class, last: Option<Class>) -> Stop {
    match last {
        _ if class.is_of_the_account() => wait(jittered(rest.min(AFTER_REFUSAL)), class),
        Some(trouble) if trouble != Class::RateLimited && !trouble.is_of_the_account() => wait(rest, trouble),
        _ => Stop::Closed { after: rest, reason: reason(class) },
    }
}

/// The time that one step may take is over.
pub(super) fn out_of_time(last: Option<Class>) -> Stop {
    wait(AFTER_TROUBLE, last.unwrap_or(Class::NoAnswer))
}

/// Everything that could help was tried.
pub(super) fn exhausted(last: Option<Class>) -> Stop {
    match last {
        Some(class) if class.is_final() => Stop::Failed(reason(class)),
        Some(class) if class.is_of_the_account() || class == Class::RegionRefused => wait(AFTER_REFUSAL, class),
        Some(class) => wait(AFTER_TROUBLE, class),
        None => wait(AFTER_TROUBLE, Class::ProviderError),
    }
}

/// The cap on calls that cost money and gave nothing was reached.
pub(super) fn given_up(last: Class) -> Stop {
    match last {
        Class::Unusable | Class::CutShort | Class::ContentPolicy => Stop::Failed(reason(last)),
        class => wait(AFTER_TROUBLE, class),
    }
}

pub(super) fn interrupted() -> Stop {
    let message = "The worker was interrupted before it could make the call. The post is tried again.".to_owned();
    Stop::Closed { after: AFTER_LOST_LEASE, reason: Reason { class: "interrupted", message } }
}

pub(super) fn paused() -> Reason {
    let message =
        "Redis, through which the workers agree on the providers' limits, does not answer. The post waits until \
                   it does."
            .to_owned();
    Reason { class: "paused", message }
}

pub(super) fn too_dear() -> Reason {
    let message =
        "The tries for this post may cost no more (limits.cost_usd of the provider profiles). Raise it, or ask \
                   for a smaller image, then retry the post."
            .to_owned();
    Reason { class: "cost_cap", message }
}

pub(super) fn takes_no_references() -> Reason {
    let message = "None of the configured AI models makes images of a picture that it is shown. Ask whoever runs this \
                   installation to set a key of a provider that has one (OPENAI_API_KEY or OPENROUTER_API_KEY_1)."
        .to_owned();
    Reason { class: "not_configured", message }
}

pub(super) fn not_configured() -> Reason {
    let message =
        "No AI provider is configured. Set OPENAI_API_KEY (or OPENROUTER_API_KEY_1, A4F_API_KEY), restart the \
                   workers, then retry the post."
            .to_owned();
    Reason { class: "not_configured", message }
}
