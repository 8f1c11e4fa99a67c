//! The few places where the two databases speak differently.

/// Which SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite 3.51.
    Sqlite,
    /// PostgreSQL 14 and later.
    Postgres,
}

impl Dialect {
    /// Chooses between two texts.
    pub fn pick<T>(self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }

    /// The database's clock as an expression: milliseconds since 1970. The clocks of nodes decide nothing.
    pub fn now_ms(self) -> &'static str {
        self.pick(
            "cast(unixepoch('subsec') * 1000 as integer)",
            "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
        )
    }
}
