//! Reading a point in time as people write it.

use crate::base::clock;

/// Why a text is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    /// It is not of the form, or names a day or an hour that does not exist.
    #[error(
        "a time is written with its zone, such as 2026-03-29T09:00:00+02:00 or 2026-03-29T07:00:00Z"
    )]
    Form,
}

/// The milliseconds since 1970 of a time with its zone (RFC 3339). A time without a zone is refused: twice a year
/// it would name two instants or none.
///
/// # Errors
/// When it is none.
pub fn instant(text: &str) -> Result<i64, InstantError> {
    clock::ms_of(text).ok_or(InstantError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_instant_also_when_clocks_change() {
        // Half past two happens never and twice in Berlin on these days; with its offset it is one instant.
        let spring = instant("2026-03-29T02:30:00+01:00").unwrap();
        assert_eq!(clock::stamp(spring), "2026-03-29T01:30:00.000Z");
        let first = instant("2026-10-25T02:30:00+02:00").unwrap();
        let second = instant("2026-10-25T02:30:00+01:00").unwrap();
        assert_eq!(second - first, 3_600_000);
        assert_eq!(
            instant("2039-01-01T00:00:00.5Z").unwrap(),
            2_177_452_800_500
        );
        for refused in [
            "2026-03-29T02:30:00",
            "2026-03-29",
            "tomorrow",
            "",
            "2026-02-30T00:00:00Z",
        ] {
            assert_eq!(instant(refused), Err(InstantError::Form), "{refused}");
        }
    }
}
