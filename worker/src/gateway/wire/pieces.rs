//! Bytes of a body while it arrives, in pieces of one size.
//!
//! One place that grows is copied whenever it does, and leaves places of every size behind. Pieces are used again by the
//! next body; they are put together once, when the body has come whole.

use bytes::{Bytes, BytesMut};

/// The size of a piece.
pub(super) const PIECE: usize = 32 << 10;

#[derive(Debug, Default)]
pub(super) struct Pieces {
    full: Vec<BytesMut>,
    last: BytesMut,
}

impl Pieces {
    pub(super) fn len(&self) -> usize {
        self.full.len() * PIECE + self.last.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn extend(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // Most bodies are small, so the first piece grows; the others are whole from the beginning.
            if self.last.is_empty() && !self.full.is_empty() {
                self.last.reserve(PIECE);
            }
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.last.len()));
            self.last.extend_from_slice(now);
            if self.last.len() == PIECE {
                self.full.push(std::mem::take(&mut self.last));
            }
            bytes = later;
        }
    }

    /// All of it in one place.
    pub(super) fn join(self) -> Bytes {
        if self.full.is_empty() {
            return self.last.freeze();
        }
        let mut whole = BytesMut::with_capacity(self.len());
        // Each piece goes as soon as it is copied.
        for piece in self.full.into_iter().chain([self.last]) {
            whole.extend_from_slice(&piece);
        }
        whole.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Pieces};

    #[test]
    fn what_went_in_comes_out() {
        let bytes: Vec<u8> = (0..3 * PIECE + 17).map(|at| at as u8).collect();
        for step in [1_000, PIECE - 1, PIECE, PIECE + 1, bytes.len()] {
            for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, bytes.len()] {
                let mut pieces = Pieces::default();
                bytes[..length].chunks(step).for_each(|chunk| pieces.extend(chunk));
                assert_eq!((pieces.len(), pieces.is_empty()), (length, length == 0));
                assert_eq!(pieces.join(), bytes[..length], "{length} in steps of {step}");
            }
        }
    }
}
