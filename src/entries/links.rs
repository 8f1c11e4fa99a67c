//! Lists of links: what `set`, `connect` and `disconnect` make of them.

/// How a list of links is changed, with every document resolved to its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkChange {
    /// These and no others, in this order.
    Set(Vec<i64>),
    /// Some leave, then some come.
    Patch {
        /// Who leaves.
        disconnect: Vec<i64>,
        /// Who comes, in order, and where.
        connect: Vec<(i64, Place)>,
    },
}

/// Where a connected document goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before all others.
    Start,
    /// After all others; one that is in the list already moves there, as in Strapi.
    End,
    /// Before another one, or at the end if that is not in the list.
    Before(i64),
    /// After another one, or at the end if that is not in the list.
    After(i64),
}

impl LinkChange {
    /// The list after the change; each document once. A to-one field keeps the last one connected.
    pub fn apply(&self, list: &[i64], many: bool) -> Vec<i64> {
        let mut result = match self {
            Self::Set(targets) => unique(targets),
            Self::Patch {
                disconnect,
                connect,
            } => {
                let mut result: Vec<i64> = list
                    .iter()
                    .copied()
                    .filter(|target| !disconnect.contains(target))
                    .collect();
                for (target, place) in connect {
                    insert(&mut result, *target, *place);
                    if !many {
                        result.retain(|other| other == target);
                    }
                }
                result
            }
        };
        if !many {
            result.truncate(1);
        }
        result
    }
}

impl LinkChange {
    /// The documents it brings.
    pub fn named(&self) -> Vec<i64> {
        match self {
            Self::Set(targets) => targets.clone(),
            Self::Patch { connect, .. } => connect.iter().map(|(target, _)| *target).collect(),
        }
    }
}

fn unique(targets: &[i64]) -> Vec<i64> {
    let mut seen = std::collections::HashSet::with_capacity(targets.len());
    targets
        .iter()
        .copied()
        .filter(|target| seen.insert(*target))
        .collect()
}

fn insert(list: &mut Vec<i64>, target: i64, place: Place) {
    list.retain(|other| *other != target);
    let found = |anchor: i64| list.iter().position(|other| *other == anchor);
    let at = match place {
        Place::Start => 0,
        Place::End => list.len(),
        Place::Before(anchor) => found(anchor).unwrap_or(list.len()),
        Place::After(anchor) => found(anchor).map_or(list.len(), |index| index + 1),
    };
    list.insert(at, target);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connecting_puts_documents_where_they_are_wanted() {
        let change = LinkChange::Patch {
            disconnect: vec![2],
            connect: vec![
                (7, Place::Start),
                (8, Place::Before(3)),
                (9, Place::After(1)),
                (1, Place::End),
            ],
        };
        assert_eq!(change.apply(&[1, 2, 3], true), [7, 9, 8, 3, 1]);
    }

    #[test]
    fn a_to_one_list_holds_one() {
        let change = LinkChange::Patch {
            disconnect: vec![],
            connect: vec![(5, Place::End)],
        };
        assert_eq!(change.apply(&[4], false), [5]);
        assert_eq!(LinkChange::Set(vec![3, 3]).apply(&[], true), [3]);
    }
}
