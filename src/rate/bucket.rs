//! One caller's bucket as arithmetic: when all that was asked for will have been earned.

/// How fast requests are earned and how many can be saved up. Times are microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Microseconds in which one request is earned.
    pub interval: i64,
    /// Microseconds of earning that can be saved up.
    pub saved: i64,
}

const MINUTE: i64 = 60_000_000;
/// Blocks that make up all that can be saved.
const BLOCKS: i64 = 20;

impl Pace {
    /// So many per minute, of which as many can be saved up as ten seconds give, at least `burst`.
    pub fn per_minute(count: u32, burst: u32) -> Self {
        let interval = MINUTE / i64::from(count.max(1));
        let saved = (MINUTE / 6).max(interval * i64::from(burst.max(1)));
        Self { interval, saved }
    }

    /// Requests a node takes at once.
    pub(super) fn block(self) -> i64 {
        (self.saved / self.interval / BLOCKS).max(1)
    }

    /// When all will be earned after `count` more requests; the wait in microseconds if they are not earned yet.
    pub(super) fn take(self, earned: i64, now: i64, count: i64) -> Result<i64, i64> {
        let after = earned.max(now - self.saved) + count * self.interval;
        match after - now {
            wait if wait > 0 => Err(wait),
            _ => Ok(after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_saved_and_earned_is_let_through() {
        let pace = Pace::per_minute(600, 1);
        let (mut earned, mut passed) = (0, 0);
        let start = 1_000_000_000_000;
        // Asked every millisecond for half a minute.
        for ms in 0..=30_000 {
            if let Ok(after) = pace.take(earned, start + ms * 1000, 1) {
                (earned, passed) = (after, passed + 1);
            }
        }
        // 100 saved, 300 earned.
        assert_eq!(passed, 400);
        assert_eq!(pace.take(earned, start + 30_000_000, 1), Err(100_000));
    }

    #[test]
    fn a_slow_pace_saves_the_burst_it_was_given() {
        let pace = Pace::per_minute(1, 5);
        assert_eq!((pace.interval, pace.saved), (60_000_000, 300_000_000));
        assert_eq!(pace.block(), 1);
        assert!(pace.take(0, 1_000_000_000_000, 5).is_ok());
        assert_eq!(pace.take(0, 1_000_000_000_000, 6), Err(60_000_000));
    }
}
