//! The links of a record, found by their place.

use super::record::{ImportLink, PathStep};

/// What links are stored under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The locale; empty = all.
    pub(super) locale: &'a str,
    /// The component item that holds them; 0 = the entry itself.
    pub(super) item: i64,
}

/// The links at and below one place, each with the rest of its path.
#[derive(Debug, Default)]
pub(super) struct Found<'a>(Vec<(&'a [PathStep], &'a ImportLink)>);

impl<'a> Found<'a> {
    /// The links inside a field of the record itself.
    pub(super) fn below(links: &'a [ImportLink], name: &str) -> Self {
        let all = links.iter().map(|link| (link.path.as_slice(), link));
        Self(
            all.filter_map(|found| step(found, |at| is_field(at, name)))
                .collect(),
        )
    }

    /// The links inside a field of this place.
    pub(super) fn field(&self, name: &str) -> Self {
        self.narrow(|at| is_field(at, name))
    }

    /// The links inside an item of this place.
    pub(super) fn item(&self, index: usize) -> Self {
        self.narrow(|at| *at == PathStep::Item(index))
    }

    /// The links of fields of this place itself.
    pub(super) fn here(&self) -> impl Iterator<Item = (&'a str, &'a ImportLink)> {
        self.0.iter().filter_map(|(rest, link)| match rest {
            [PathStep::Field(name)] => Some((name.as_str(), *link)),
            _ => None,
        })
    }

    fn narrow(&self, is_it: impl Fn(&PathStep) -> bool) -> Self {
        let inner = self.0.iter().filter_map(|found| step(*found, &is_it));
        Self(inner.collect())
    }
}

fn step<'a>(
    (rest, link): (&'a [PathStep], &'a ImportLink),
    is_it: impl Fn(&PathStep) -> bool,
) -> Option<(&'a [PathStep], &'a ImportLink)> {
    let (first, rest) = rest.split_first()?;
    (is_it(first) && !rest.is_empty()).then_some((rest, link))
}

fn is_field(step: &PathStep, name: &str) -> bool {
    matches!(step, PathStep::Field(field) if field == name)
}

/// The place among the owners as seen from a target, as a whole number in the same order.
///
/// Links made here later are numbered by the time in milliseconds, so they come after imported ones.
pub(super) fn back_position(given: Option<f64>) -> i64 {
    const FINE: f64 = 1024.0;
    const MOST: f64 = 1e12;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the number is bounded first"
    )]
    given.map_or(0, |position| {
        (position * FINE).round().clamp(-MOST, MOST) as i64
    })
}
