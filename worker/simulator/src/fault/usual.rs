//! What providers usually say with a status, so that a fault has to state only what matters to it.

use serde_json::Value;

/// The parts of an error object that a fault leaves out.
pub(super) struct UsualError {
    pub(super) category: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) message: &'static str,
}

impl UsualError {
    /// By the code if it is a known one, else by the status.
    pub(super) fn of(status: u16, code: Option<&Value>) -> Self {
        let (category, code, message) =
            code.and_then(Value::as_str).and_then(by_code).unwrap_or_else(|| by_status(status));
        Self { category, code, message }
    }
}

type Parts = (&'static str, Option<&'static str>, &'static str);

fn by_code(code: &str) -> Option<Parts> {
    Some(match code {
        "insufficient_quota" => (
            "insufficient_quota",
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        "billing_hard_limit_reached" => {
            ("billing_limit_user_error", Some("billing_hard_limit_reached"), "Billing hard limit has been reached.")
        }
        "slow_down" => (
            "requests",
            Some("slow_down"),
            "Your request rate increased too quickly. Please slow down and raise it gradually.",
        ),
        "content_policy_violation" => (
            "image_generation_user_error",
            Some("content_policy_violation"),
            "Your request was rejected as a result of our safety system.",
        ),
        "moderation_blocked" => (
            "image_generation_user_error",
            Some("moderation_blocked"),
            "Your request was rejected by the safety system.",
        ),
        "context_length_exceeded" => (
            "invalid_request_error",
            Some("context_length_exceeded"),
            "This model's maximum context length was exceeded. Please reduce the length of the messages.",
        ),
        _ => return None,
    })
}

fn by_status(status: u16) -> Parts {
    match status {
        401 => ("invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided."),
        402 => ("invalid_request_error", Some("billing_hard_limit_reached"), "Insufficient credits."),
        403 => (
            "invalid_request_error",
            Some("unsupported_country_region_territory"),
            "Country, region, or territory not supported",
        ),
        404 => ("invalid_request_error", Some("model_not_found"), "The model does not exist."),
        408 => ("timeout", None, "Request timed out."),
        413 => ("invalid_request_error", None, "The request is too large."),
        429 => ("requests", Some("rate_limit_exceeded"), "Rate limit reached. Please try again later."),
        400..=499 => ("invalid_request_error", None, "The request was not accepted."),
        503 => ("server_error", None, "The engine is currently overloaded, please try again later."),
        _ => ("server_error", None, "The server had an error while processing your request."),
    }
}
