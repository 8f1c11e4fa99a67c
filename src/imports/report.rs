//! What an import could not take over, counted and with the first examples.
//!
//! A report stays small whatever the source holds: examples per remark and the number of remarks
//! are bounded, the counts stay exact.
use std::collections::BTreeMap;
use std::fmt;

const EXAMPLES: usize = 5;
const REMARKS: usize = 1000;
const OTHERS: &str = "further remarks of other kinds";

/// Remarks of one import, grouped by what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    remarks: BTreeMap<String, Remark>,
}

/// How often something was left out or changed, and where it was seen first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    /// How often it happened.
    pub count: u64,
    /// The first places, at most five.
    pub examples: Vec<String>,
}

impl ImportReport {
    /// Counts one case of `what`, keeping the example while there is room.
    pub fn add(&mut self, what: &str, example: impl FnOnce() -> String) {
        self.add_many(what, 1, example);
    }

    /// Counts several cases of `what` at once.
    pub fn add_many(&mut self, what: &str, count: u64, example: impl FnOnce() -> String) {
        if !self.remarks.contains_key(what) {
            let key = if self.remarks.len() < REMARKS {
                what
            } else {
                OTHERS
            };
            self.remarks.entry(key.to_owned()).or_default();
        }
        let remark = match self.remarks.get_mut(what) {
            Some(remark) => remark,
            None => self.remarks.entry(OTHERS.to_owned()).or_default(),
        };
        remark.count = remark.count.saturating_add(count);
        if remark.examples.len() < EXAMPLES {
            let example = example();
            if !example.is_empty() && !remark.examples.contains(&example) {
                remark.examples.push(example);
            }
        }
    }

    /// Takes over the remarks of another report.
    pub fn merge(&mut self, other: Self) {
        for (what, remark) in other.remarks {
            self.add_many(&what, remark.count, String::new);
            for example in remark.examples {
                self.add_many(&what, 0, || example);
            }
        }
    }

    /// Is true if everything was taken over.
    pub fn is_empty(&self) -> bool {
        self.remarks.is_empty()
    }

    /// Goes through the remarks in alphabetical order.
    pub fn remarks(&self) -> impl Iterator<Item = (&str, &Remark)> {
        self.remarks
            .iter()
            .map(|(what, remark)| (what.as_str(), remark))
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, remark) in &self.remarks {
            write!(f, "{} × {what}", remark.count)?;
            if !remark.examples.is_empty() {
                let more = if remark.count > remark.examples.len() as u64 {
                    ", …"
                } else {
                    ""
                };
                write!(f, ": {}{more}", remark.examples.join(", "))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_and_examples_bounded() {
        let mut report = ImportReport::default();
        for i in 0..9 {
            report.add("links to nowhere", || format!("row {i}"));
        }
        assert_eq!(
            report.to_string(),
            "9 × links to nowhere: row 0, row 1, row 2, row 3, row 4, …\n"
        );
    }

    #[test]
    fn the_number_of_remarks_is_bounded() {
        let mut report = ImportReport::default();
        for i in 0..5000 {
            report.add(&format!("remark {i}"), String::new);
        }
        assert_eq!(report.remarks().count(), REMARKS + 1);
        assert_eq!(
            report
                .remarks()
                .map(|(_, remark)| remark.count)
                .sum::<u64>(),
            5000
        );
    }
}
