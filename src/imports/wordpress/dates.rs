//! Dates as exports write them.
use chrono::{DateTime, Datelike as _, NaiveDateTime};

/// The time in the form of the database; nothing for zero dates and for what is no date.
pub(super) fn time(text: &str) -> Option<String> {
    let time = NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%d %H:%M:%S").ok()?;
    written(time)
}

/// The time of an RSS `pubDate`.
pub(super) fn rss_time(text: &str) -> Option<String> {
    let time = DateTime::parse_from_rfc2822(text.trim()).ok()?;
    written(time.naive_utc())
}

fn written(time: NaiveDateTime) -> Option<String> {
    (1..=9999)
        .contains(&time.year())
        .then(|| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .filter(|_| !is_empty_time(time))
}

/// WordPress writes `-0001-11-30` and pubDates of that time for entries without a date.
fn is_empty_time(time: NaiveDateTime) -> bool {
    time.year() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_broken_dates_are_no_dates() {
        assert_eq!(
            time("2018-10-21 03:03:48").as_deref(),
            Some("2018-10-21T03:03:48.000Z")
        );
        for text in [
            "0000-00-00 00:00:00",
            "2018-02-30 00:00:00",
            "",
            "yesterday",
            "99999-01-01 00:00:00",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
        assert_eq!(
            rss_time("Sun, 21 Oct 2018 03:03:48 +0200").as_deref(),
            Some("2018-10-21T01:03:48.000Z")
        );
        assert_eq!(rss_time("Mon, 30 Nov -0001 00:00:00 +0000"), None);
    }
}
