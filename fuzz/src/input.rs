//! Makes inputs of bytes.

use arbitrary::Unstructured;

/// The bytes an input is made of, as far as they are not used up; then all choices are the first.
pub(crate) struct Input<'b>(Unstructured<'b>);

impl<'b> Input<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // Of a width that is the same everywhere, since it says how many bytes are used up.
        let last = u32::try_from(end.saturating_sub(1)).unwrap_or(u32::MAX);
        self.0.int_in_range(0..=last).map_or(0, |number| number as usize)
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(crate) fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// One of these, the first as often as all the others.
    pub(crate) fn mostly<T: Copy>(&mut self, from: &[T]) -> T {
        if self.coin() { self.one_of(from) } else { from[0] }
    }

    /// One of these, or nothing.
    pub(crate) fn maybe<'s>(&mut self, from: &[&'s str]) -> Option<&'s str> {
        if self.coin() { Some(self.one_of(from)) } else { None }
    }

    /// One of the seeds, or nothing, changed here and there by pieces, strange characters, cuts and
    /// repetitions.
    pub(crate) fn text(&mut self, seeds: &[&str], pieces: &[&str]) -> String {
        let mut text: Vec<char> = match self.below(4) {
            0 => Vec::new(),
            _ => self.one_of(seeds).chars().collect(),
        };
        for _ in 0..self.below(6) {
            let at = self.below(text.len() + 1);
            let to = (at + self.below(8)).min(text.len());
            match self.below(6) {
                0 | 1 => drop(text.splice(at..at, self.one_of(pieces).chars())),
                2 => drop(text.splice(at..to, [self.character()])),
                3 => drop(text.drain(at..to)),
                4 => {
                    let again: Vec<char> = text[at..to].to_vec();
                    drop(text.splice(at..at, again));
                }
                _ => drop(text.splice(at..to, self.one_of(pieces).chars())),
            }
        }
        text.into_iter().collect()
    }

    fn character(&mut self) -> char {
        match self.below(4) {
            0 => char::from(u8::try_from(self.below(256)).unwrap_or_default()),
            1 => self.one_of(&['\0', '\r', '\n', '\t', '\u{2000}', '\u{ff0f}', 'K', '\u{10ffff}']),
            _ => char::from(u8::try_from(0x20 + self.below(0x5f)).unwrap_or_default()),
        }
    }

    /// These bytes, changed here and there.
    pub(crate) fn bytes(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = if self.below(8) == 0 { Vec::new() } else { seed.to_vec() };
        for _ in 0..self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.byte()),
                _ if at < bytes.len() => bytes[at] = self.byte(),
                _ => bytes.push(self.byte()),
            }
        }
        bytes
    }

    fn byte(&mut self) -> u8 {
        let any = u8::try_from(self.below(256)).unwrap_or_default();
        self.one_of(&[0, 1, 0x7f, 0x80, 0xff, any, any, any])
    }
}
