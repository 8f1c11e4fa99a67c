//! The bytes of the file: counts lines and stops an element that grows without end.
use std::io::{self, BufRead, Read};

/// What the reader below was told to stop with.
#[derive(Debug, thiserror::Error)]
#[error("an element is too large")]
pub(super) struct BudgetSpent;

/// A reader that knows its line and hands out no more bytes than its budget allows.
#[derive(Debug)]
pub(super) struct LineSource<R> {
    inner: R,
    line: u64,
    bytes: u64,
    budget: u64,
}

impl<R: BufRead> LineSource<R> {
    pub(super) fn new(inner: R, budget: u64) -> Self {
        Self {
            inner,
            line: 1,
            bytes: 0,
            budget,
        }
    }

    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Allows so many bytes from here on.
    pub(super) fn refill(&mut self, budget: u64) {
        self.budget = budget;
    }
}

impl<R: BufRead> Read for LineSource<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(target.len());
        if let (Some(to), Some(from)) = (target.get_mut(..length), available.get(..length)) {
            to.copy_from_slice(from);
        }
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for LineSource<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let budget = usize::try_from(self.budget).unwrap_or(usize::MAX);
        let available = self.inner.fill_buf()?;
        if budget == 0 && !available.is_empty() {
            return Err(io::Error::other(BudgetSpent));
        }
        let length = available.len().min(budget);
        Ok(available.get(..length).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        // The buffer is filled already, so this reads nothing new.
        if let Ok(available) = self.inner.fill_buf() {
            let taken = available.get(..amount).unwrap_or(available);
            let lines = taken.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.line = self.line.saturating_add(lines);
        }
        let amount_read = amount as u64;
        self.bytes = self.bytes.saturating_add(amount_read);
        self.budget = self.budget.saturating_sub(amount_read);
        self.inner.consume(amount);
    }
}
