//! The bytes a connection has received and nobody has used yet.
//!
//! It grows to a cap and keeps its memory; it never shrinks what is unread.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

const FIRST: usize = 8 * 1024;

/// A reusable window over received bytes.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// What is unread.
    pub(crate) fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes the first `count` unread bytes as used.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Gives memory back while nothing is unread.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() && self.bytes.len() > FIRST {
            self.bytes = Vec::new();
        }
    }

    /// Reads once from `stream`; 0 is its end.
    ///
    /// # Errors
    /// The stream's, or `OutOfMemory` when `cap` unread bytes are here already.
    pub(crate) async fn fill<S>(&mut self, stream: &mut S, cap: usize) -> io::Result<usize>
    where
        S: AsyncRead + Unpin,
    {
        self.make_room(cap)?;
        let room = self.bytes.get_mut(self.end..).unwrap_or_default();
        let count = stream.read(room).await?;
        self.end = self.end.saturating_add(count);
        Ok(count)
    }

    fn make_room(&mut self, cap: usize) -> io::Result<()> {
        if self.start > 0 && (self.end == self.bytes.len() || self.start > self.bytes.len() / 2) {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end < self.bytes.len() {
            return Ok(());
        }
        if self.end >= cap {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let size = (self.bytes.len() * 2).max(FIRST).min(cap.max(FIRST));
        self.bytes.resize(size, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn filled(input: &[u8], cap: usize) -> (Buffer, io::Result<usize>) {
        let mut buffer = Buffer::default();
        let mut stream = input;
        loop {
            match buffer.fill(&mut stream, cap).await {
                Ok(0) => return (buffer, Ok(0)),
                Ok(_) => {}
                Err(error) => return (buffer, Err(error)),
            }
        }
    }

    #[tokio::test]
    async fn what_comes_in_is_there_until_consumed() {
        let (mut buffer, _) = filled(b"hello world", 1 << 20).await;
        assert_eq!(buffer.unread(), b"hello world");
        buffer.consume(6);
        assert_eq!(buffer.unread(), b"world");
        buffer.consume(99);
        assert!(buffer.is_empty());
    }

    #[tokio::test]
    async fn it_grows_to_its_cap_and_no_further() {
        let (buffer, end) = filled(&vec![b'x'; 100_000], 64 * 1024).await;
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(buffer.unread().len(), 64 * 1024);
    }

    #[tokio::test]
    async fn consumed_room_is_used_again() {
        let (mut buffer, _) = filled(&vec![b'x'; FIRST], FIRST).await;
        buffer.consume(FIRST - 3);
        let mut more: &[u8] = b"abc";
        assert_eq!(buffer.fill(&mut more, FIRST).await.unwrap(), 3);
        assert_eq!(buffer.unread(), b"xxxabc");
        assert_eq!(buffer.bytes.len(), FIRST);
    }
}
