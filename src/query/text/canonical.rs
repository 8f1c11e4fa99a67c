//! One spelling for query strings that mean the same.

use std::fmt::Write as _;

use super::Param;

/// Parameters as a query string in one spelling: the names at the top in order, nothing encoded but what would be
/// read as something else. What stands inside a parameter keeps its order, which can mean something (`sort`).
pub fn canonical(params: &Param) -> String {
    let mut text = String::new();
    match params {
        Param::Map(entries) => {
            let mut entries: Vec<&(String, Param)> = entries.iter().collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            for (name, value) in entries {
                put(&mut text, &escaped(name), value);
            }
        }
        other => put(&mut text, "", other),
    }
    text
}

fn put(text: &mut String, name: &str, value: &Param) {
    match value {
        Param::Null => separate(text, name),
        Param::Text(value) => {
            separate(text, name);
            text.push('=');
            text.push_str(&escaped(value));
        }
        Param::List(items) if items.is_empty() => separate(text, &format!("{name}[]")),
        Param::List(items) => {
            for (index, item) in items.iter().enumerate() {
                put(text, &format!("{name}[{index}]"), item);
            }
        }
        Param::Map(entries) => {
            // A map is told from a list even when its names are numbers.
            let _ = write!(
                text,
                "{}{name}{{{}}}",
                if text.is_empty() { "" } else { "&" },
                entries.len()
            );
            for (key, item) in entries {
                put(text, &format!("{name}[{}]", escaped(key)), item);
            }
        }
    }
}

fn separate(text: &mut String, name: &str) {
    if !text.is_empty() {
        text.push('&');
    }
    text.push_str(name);
}

fn escaped(text: &str) -> String {
    let special =
        |c: char| matches!(c, '%' | '&' | '=' | '[' | ']' | '{' | '}' | '+') || c.is_control();
    if !text.contains(special) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match special(c) {
            true => format!("%{:02X}", u32::from(c)),
            false => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::base::limits::QueryLimits;

    fn of(text: &str) -> String {
        canonical(&parse(text, &QueryLimits::default()).unwrap())
    }

    #[test]
    fn spellings_of_one_meaning_are_one() {
        let plain = of("filters[a][$eq]=x y&sort=b");
        assert_eq!(plain, of("sort=b&filters%5Ba%5D%5B%24eq%5D=x%20y"));
        assert_eq!(of("sort[0]=a&sort[1]=b"), of("sort[]=a&sort[]=b"));
    }

    #[test]
    fn different_meanings_stay_apart() {
        let texts = [
            "a=1",
            "a[0]=1",
            "a[b]=1",
            "a",
            "a=",
            "a[]",
            "a[200]=1",
            "a=1&b=2",
            "a=1%26b=2",
            "sort[x]=1&sort[y]=2",
            "sort[y]=2&sort[x]=1",
            "a[b]=1&a[c]=2",
            "a=%2B",
        ];
        for (index, left) in texts.iter().enumerate() {
            for right in texts.iter().skip(index + 1) {
                assert_ne!(of(left), of(right), "{left} and {right}");
            }
        }
    }
}
