//! Dates and times as text: what is accepted, and the one form that is stored.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};

/// `YYYY-MM-DD` of a date; of an ISO date and time, as Strapi does, its date part.
pub fn date(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    let parsed = parse_date(day)?;
    if text.len() > 10 {
        datetime(text)?;
    }
    Some(parsed.format("%Y-%m-%d").to_string())
}

/// `HH:mm:ss.SSS` of `HH:mm`, `HH:mm:ss` or with up to three digits more.
pub fn time(text: &str) -> Option<String> {
    let parsed = parse_time(text, 3)?;
    Some(parsed.format("%H:%M:%S%.3f").to_string())
}

/// `YYYY-MM-DDTHH:mm:ss.SSSZ` of an ISO date, or date and time with or without offset; without one it is UTC.
pub fn datetime(text: &str) -> Option<String> {
    if text.len() > 40 || !text.is_ascii() {
        return None;
    }
    let day = parse_date(text.get(..10)?)?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return render(day.and_time(NaiveTime::MIN).and_utc());
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset_minutes) = split_offset(rest)?;
    let local = day.and_time(parse_time(clock, 9)?);
    let utc = local.checked_sub_signed(chrono::Duration::minutes(offset_minutes))?;
    render(utc.and_utc())
}

/// The stored form of milliseconds since 1970.
pub fn datetime_from_millis(millis: i64) -> Option<String> {
    render(DateTime::<Utc>::from_timestamp_millis(millis)?)
}

/// Milliseconds since 1970 of a stored date and time.
pub fn millis(text: &str) -> Option<i64> {
    let text = datetime(text)?;
    let parsed =
        NaiveDateTime::parse_from_str(text.strip_suffix('Z')?, "%Y-%m-%dT%H:%M:%S%.3f").ok()?;
    Some(parsed.and_utc().timestamp_millis())
}

fn render(moment: DateTime<Utc>) -> Option<String> {
    let text = moment.to_rfc3339_opts(SecondsFormat::Millis, true);
    // Years outside four digits would sort wrongly as text.
    (text.len() == 24).then_some(text)
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let shape: Vec<bool> = text.bytes().map(|byte| byte.is_ascii_digit()).collect();
    let expected = [true, true, true, true, false, true, true, false, true, true];
    if shape != expected {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

fn parse_time(text: &str, fraction_digits: usize) -> Option<NaiveTime> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let parts: Vec<u32> = clock.split(':').map(two_digits).collect::<Option<_>>()?;
    let (hour, minute, second) = match (parts.as_slice(), fraction) {
        ([hour, minute], None) => (*hour, *minute, 0),
        ([hour, minute, second], _) => (*hour, *minute, *second),
        _ => return None,
    };
    let milli = fraction.map_or(Some(0), |digits| fraction_millis(digits, fraction_digits))?;
    NaiveTime::from_hms_milli_opt(hour, minute, second, milli)
}

fn two_digits(text: &str) -> Option<u32> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The first three digits of a fraction; finer ones do not fit the stored form and are cut off.
fn fraction_millis(digits: &str, most: usize) -> Option<u32> {
    if digits.is_empty() || digits.len() > most || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let padded: String = digits.chars().chain("00".chars()).take(3).collect();
    padded.parse().ok()
}

/// Splits `10:00:00+02:00` into the clock and the offset in minutes.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let sign = if text.get(at..)?.starts_with('-') {
        -1
    } else {
        1
    };
    let digits: String = text
        .get(at + 1..)?
        .chars()
        .filter(|letter| *letter != ':')
        .collect();
    let (hours, minutes) = match digits.len() {
        2 => (two_digits(&digits)?, 0),
        4 => (two_digits(digits.get(..2)?)?, two_digits(digits.get(2..)?)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some((text.get(..at)?, sign * i64::from(hours * 60 + minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_one_form() {
        assert_eq!(date("2024-02-29").as_deref(), Some("2024-02-29"));
        assert_eq!(
            date("2024-02-29T10:00:00.000Z").as_deref(),
            Some("2024-02-29")
        );
        for wrong in [
            "2023-02-29",
            "2024-2-9",
            "24-02-29",
            "2024-02-29x",
            "",
            "2024-13-01",
            "éééééé",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_have_one_form() {
        assert_eq!(time("09:05").as_deref(), Some("09:05:00.000"));
        assert_eq!(time("09:05:07").as_deref(), Some("09:05:07.000"));
        assert_eq!(time("23:59:59.5").as_deref(), Some("23:59:59.500"));
        for wrong in [
            "24:00",
            "9:05",
            "09:60",
            "09:05:07.1234",
            "09:05.5",
            "",
            "09",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_become_utc_milliseconds() {
        for (given, stored) in [
            ("2024-03-06T13:42:05.098Z", "2024-03-06T13:42:05.098Z"),
            ("2024-03-06", "2024-03-06T00:00:00.000Z"),
            ("2024-03-06T01:30:00+02:00", "2024-03-05T23:30:00.000Z"),
            ("2024-03-06 01:30:00-0530", "2024-03-06T07:00:00.000Z"),
            ("2024-03-06T01:30", "2024-03-06T01:30:00.000Z"),
            ("2024-03-06T01:30:00.123456789Z", "2024-03-06T01:30:00.123Z"),
        ] {
            assert_eq!(datetime(given).as_deref(), Some(stored), "{given}");
        }
        for wrong in [
            "2024-03-06T",
            "yesterday",
            "2024-03-06T25:00Z",
            "0000-01-01T00:00+01:00",
            "2024-03-06T01:30+24:00",
        ] {
            assert_eq!(datetime(wrong), None, "{wrong}");
        }
        assert_eq!(
            datetime_from_millis(0).as_deref(),
            Some("1970-01-01T00:00:00.000Z")
        );
        assert_eq!(datetime_from_millis(i64::MAX), None);
        assert_eq!(millis("1970-01-01T00:00:01.002Z"), Some(1002));
    }
}
