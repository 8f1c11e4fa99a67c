//! Rows as plain values.

use super::{DatabaseError, Value};

/// One row of a result.
#[derive(Debug, Clone)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    /// The value of a column, from 0.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn value(&self, index: usize) -> Result<&Value, DatabaseError> {
        self.0.get(index).ok_or(DatabaseError::Column(index))
    }

    /// An integer that is not null; truth values count as 0 and 1.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn integer(&self, index: usize) -> Result<i64, DatabaseError> {
        match self.value(index)? {
            Value::Integer(value) => Ok(*value),
            Value::Bool(value) => Ok(i64::from(*value)),
            _ => Err(DatabaseError::Column(index)),
        }
    }

    /// An integer or null.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn integer_or_null(&self, index: usize) -> Result<Option<i64>, DatabaseError> {
        match self.value(index)? {
            Value::Null => Ok(None),
            _ => self.integer(index).map(Some),
        }
    }

    /// A text that is not null.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn text(&self, index: usize) -> Result<&str, DatabaseError> {
        match self.value(index)? {
            Value::Text(value) => Ok(value),
            _ => Err(DatabaseError::Column(index)),
        }
    }

    /// A text or null.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn text_or_null(&self, index: usize) -> Result<Option<&str>, DatabaseError> {
        match self.value(index)? {
            Value::Null => Ok(None),
            _ => self.text(index).map(Some),
        }
    }

    /// The values in order.
    pub fn into_values(self) -> Vec<Value> {
        self.0
    }
}
