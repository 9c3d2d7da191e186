//! What the end of a call says about whoever was called: what breakers and the bound of calls in flight go by.

use super::super::failure::Failure;
use super::super::verdict::{Class, Effect, Verdict};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answered, if only to refuse.
    Answered,
    /// It answered that it wants fewer calls at once.
    Overloaded,
    /// It failed by its own account.
    Failed,
    /// It did not answer in time or broke off.
    Silent,
    /// No connection was made.
    Away,
}

impl Health {
    /// What a failure says, judged or not. A success says `Answered`.
    pub(crate) fn of(failure: &Failure, verdict: &Verdict) -> Self {
        match (failure, verdict.class) {
            // It was well enough to send more than was asked for.
            (Failure::TooBig, _) => Self::Answered,
            (_, Class::Unreachable) => Self::Away,
            (_, Class::NoAnswer) => Self::Silent,
            (_, Class::ProviderError) => Self::Failed,
            _ if matches!(verdict.effect, Effect::SlowDown(_)) => Self::Overloaded,
            _ => Self::Answered,
        }
    }

    /// The word that the script knows it by.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Answered | Self::Overloaded => "ok",
            Self::Failed | Self::Silent => "bad",
            Self::Away => "away",
        }
    }

    /// Whether fewer calls should be in flight.
    pub(crate) const fn asks_for_less(self) -> bool {
        matches!(self, Self::Overloaded | Self::Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::Health;
    use crate::gateway::failure::{Failure, Refused};
    use crate::gateway::reply::ProviderError;
    use crate::gateway::verdict::verdict;

    #[test]
    fn only_the_trouble_of_the_provider_itself_counts_against_it() {
        let status = |status, code: &str| {
            let error = ProviderError { code: code.to_owned(), ..ProviderError::default() };
            Failure::Status(Refused { status, error, retry_after: None })
        };
        for (failure, health) in [
            (Failure::Unreachable, Health::Away),
            (Failure::TimedOut, Health::Silent),
            (Failure::Broken, Health::Silent),
            (Failure::TooBig, Health::Answered),
            (status(500, ""), Health::Failed),
            (status(503, ""), Health::Failed),
            (status(408, ""), Health::Silent),
            (status(429, "slow_down"), Health::Overloaded),
            (status(429, ""), Health::Answered),
            (status(401, ""), Health::Answered),
            (status(400, ""), Health::Answered),
            (Failure::NotJson, Health::Answered),
            (Failure::Declined, Health::Answered),
        ] {
            assert_eq!(Health::of(&failure, &verdict(&failure)), health, "{failure:?}");
        }
    }
}
