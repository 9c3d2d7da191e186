//! The window that limits count in, and the spacing that keeps every such window at or under its limit.
//!
//! With limit L in a window P, credit τ for time in which nothing was sent, and calls that arrive up to J late, a spacing of
//! (P + τ + J) / L lets no window hold more than L. About 2 % of a minute's limit are the price.

use std::time::Duration;

/// A window, and how exactly calls keep their times in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window(Duration);

impl Window {
    pub(crate) fn of(length: Duration) -> Self {
        Self(length)
    }

    pub(crate) fn length(self) -> Duration {
        self.0
    }

    /// How much of the time in which nothing was sent may be made up for at once: τ.
    pub(crate) fn credit(self) -> Duration {
        self.0 / 60
    }

    /// How late a call may still be sent: J. Short windows, which only tests have, need more of it than their share.
    pub(crate) fn lateness(self) -> Duration {
        (self.0 / 200).max((self.0 / 50).min(Duration::from_millis(60)))
    }

    /// What a whole limit is spread over: P + τ + J.
    pub(crate) fn span(self) -> Duration {
        self.0 + self.credit() + self.lateness()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Window;

    #[test]
    fn a_minute_gives_up_two_percent_and_a_short_window_less_than_five() {
        let minute = Window::of(Duration::from_mins(1));
        assert_eq!((minute.credit(), minute.lateness()), (Duration::from_secs(1), Duration::from_millis(300)));
        for seconds in [1, 2, 5, 60, 3600] {
            let window = Window::of(Duration::from_secs(seconds));
            let used = window.length().as_secs_f64() / window.span().as_secs_f64();
            assert!(used > 0.95, "{used} of {seconds} s");
        }
    }
}
