//! When a delivery is tried again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most tries of one delivery.
const MOST_TRIES: usize = 50;
/// Longest wait, in milliseconds.
const LONGEST: u64 = 30 * 24 * 60 * 60 * 1000;

/// The waits before the first try, the second and so on, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<u64>);

impl Default for Schedule {
    /// 0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h.
    fn default() -> Self {
        let minute = 60_000;
        let hour = 60 * minute;
        let (short, long) = ([0, 5000, 5 * minute, 30 * minute], [2, 5, 10, 10]);
        Self(
            short
                .into_iter()
                .chain(long.map(|hours| hours * hour))
                .collect(),
        )
    }
}

impl Schedule {
    /// The wait before the next try of a delivery that was tried so often; none when it is parked.
    pub fn wait(&self, tries: u64) -> Option<u64> {
        self.0.get(usize::try_from(tries).ok()?).copied()
    }
}

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let waits: Option<Vec<u64>> = text.split_whitespace().map(wait).collect();
        let waits = waits.filter(|waits| (1..=MOST_TRIES).contains(&waits.len()));
        waits.map(Self).ok_or_else(|| {
            format!(
                "expected 1 to {MOST_TRIES} waits of at most 30 days between blanks, such as \"0s 5s 5m 2h\""
            )
        })
    }
}

fn wait(word: &str) -> Option<u64> {
    let digits = word.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let unit = word.strip_prefix(digits)?;
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let wait = digits.parse::<u64>().ok()?.checked_mul(*scale)?;
    (wait <= LONGEST).then_some(wait)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, wait) in self.0.iter().enumerate() {
            let whole = |(_, scale): &&(&str, u64)| wait % scale == 0 && wait / scale > 0;
            let (unit, scale) = UNITS.iter().rev().find(whole).unwrap_or(&("s", 1000));
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{}{unit}", wait / scale)?;
        }
        Ok(())
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_reads_back_as_it_is_written() {
        let default = Schedule::default();
        assert_eq!(default.to_string(), "0s 5s 5m 30m 2h 5h 10h 10h");
        for text in ["0s 5s 5m 30m 2h 5h 10h 10h", "0s", "15ms 1d", "90s"] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
        assert_eq!(default.wait(0), Some(0));
        assert_eq!(default.wait(7), Some(36_000_000));
        assert_eq!(default.wait(8), None);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "5 s",
            "1w",
            "31d",
            "99999999999999999999s",
            "1.5h",
        ] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
        assert!("1s ".repeat(51).parse::<Schedule>().is_err());
    }
}
