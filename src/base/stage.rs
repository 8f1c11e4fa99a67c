//! The two stages of a document.

/// Which of a document's two copies is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// What editors work on; never shown without the right to read drafts.
    Draft,
    /// What the delivery API serves by default.
    Published,
}

impl Stage {
    /// The number stored in `links.stage`: 0 draft, 1 published.
    pub fn number(self) -> i64 {
        match self {
            Self::Draft => 0,
            Self::Published => 1,
        }
    }

    /// The letter in physical table names: `d` draft, `p` published.
    pub fn letter(self) -> char {
        match self {
            Self::Draft => 'd',
            Self::Published => 'p',
        }
    }
}
