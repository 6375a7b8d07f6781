//! Text that was put together from pieces of another, and where each of them came from.

/// Stretches of pieces, with something that is part of none behind each. It is used again and again, to keep its memory.
#[derive(Default)]
pub struct Pieces {
    text: Vec<u8>,
    /// Where each piece begins here, and where there.
    origins: Vec<(usize, usize)>,
    /// How much of both belongs to stretches that have ended.
    ended: (usize, usize),
}

impl Pieces {
    /// Forgets all of it.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.origins.clear();
        self.ended = (0, 0);
    }

    /// Adds a piece to the stretch, that stands at `origin`.
    pub(crate) fn push(&mut self, piece: &[u8], origin: usize) {
        self.origins.push((self.text.len(), origin));
        self.text.extend_from_slice(piece);
    }

    /// How many pieces the stretch has so far, and how many bytes.
    pub(crate) fn stretch(&self) -> (usize, usize) {
        (self.origins.len() - self.ended.1, self.text.len() - self.ended.0)
    }

    /// Ends the stretch: nothing that is looked for goes on in another one. Unless it `is_kept`, it is forgotten.
    pub(crate) fn end(&mut self, is_kept: bool) {
        if is_kept {
            self.text.push(0);
            self.ended = (self.text.len(), self.origins.len());
        } else {
            self.text.truncate(self.ended.0);
            self.origins.truncate(self.ended.1);
        }
    }

    /// The stretches.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where what is at `at` here is in the text that was taken apart.
    pub(crate) fn origin(&self, at: usize) -> usize {
        let piece = self.origins.partition_point(|(here, _)| *here <= at).checked_sub(1);
        piece.and_then(|piece| self.origins.get(piece)).map_or(at, |(here, there)| there + (at - here))
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Where each stretch began, and what it is.
    pub fn stretches(pieces: &Pieces) -> Vec<(usize, &str)> {
        let mut at = 0;
        let stretches = std::str::from_utf8(pieces.text()).unwrap().split_terminator('\0');
        stretches
            .map(|stretch| {
                let begin = pieces.origin(at);
                at += stretch.len() + 1;
                (begin, stretch)
            })
            .collect()
    }

    #[test]
    fn pieces_know_where_they_came_from() {
        let mut pieces = Pieces::default();
        pieces.push(b"ab", 7);
        pieces.push(b"cd", 20);
        assert_eq!(pieces.stretch(), (2, 4));
        pieces.end(true);
        pieces.push(b"not this", 30);
        pieces.end(false);
        pieces.push(b"ef", 40);
        pieces.end(true);
        assert_eq!(stretches(&pieces), [(7, "abcd"), (40, "ef")]);
        assert_eq!([1, 3, 6].map(|at| pieces.origin(at)), [8, 21, 41]);
        pieces.clear();
        assert_eq!((pieces.text(), pieces.stretch()), (b"".as_slice(), (0, 0)));
    }
}
