//! PostgreSQL's frames, as far as one needs them to know whether an answer is still to come.

/// Follows one direction of a connection through its bytes. A frame is its kind (one byte, which the very
/// first frame of a client lacks), a length of four bytes that counts itself, and the rest.
#[derive(Debug)]
pub(crate) struct Frames {
    header: [u8; 5],
    read: usize,
    rest: usize,
}

/// The kind of the client's first frame, which has none.
pub(crate) const STARTUP: u8 = 0;

impl Frames {
    /// What a client sends, from its first byte.
    pub(crate) const fn of_client() -> Self {
        Self { header: [STARTUP; 5], read: 1, rest: 0 }
    }

    /// What a server sends, from its first byte.
    pub(crate) const fn of_server() -> Self {
        Self { header: [STARTUP; 5], read: 0, rest: 0 }
    }

    /// Goes on by these bytes, and says of which kind each frame was that they made whole.
    pub(crate) fn follow(&mut self, mut bytes: &[u8], mut whole: impl FnMut(u8)) {
        while !bytes.is_empty() {
            if self.read < self.header.len() {
                let taken = bytes.len().min(self.header.len() - self.read);
                self.header[self.read..self.read + taken].copy_from_slice(&bytes[..taken]);
                self.read += taken;
                bytes = &bytes[taken..];
                if self.read < self.header.len() {
                    return;
                }
                self.rest = self.length().saturating_sub(4);
            }
            let taken = bytes.len().min(self.rest);
            self.rest -= taken;
            bytes = &bytes[taken..];
            if self.rest == 0 {
                whole(self.header[0]);
                self.read = 0;
            }
        }
    }

    fn length(&self) -> usize {
        let [_, a, b, c, d] = self.header;
        usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{Frames, STARTUP};

    fn kinds(mut frames: Frames, bytes: &[u8], at_a_time: usize) -> Vec<u8> {
        let mut kinds = Vec::new();
        for some in bytes.chunks(at_a_time) {
            frames.follow(some, |kind| kinds.push(kind));
        }
        kinds
    }

    #[test]
    fn frames_are_told_apart_wherever_the_bytes_are_cut() {
        let client = b"\0\0\0\x09startS\0\0\0\x04Q\0\0\0\x06ab";
        let server = b"Z\0\0\0\x05ID\0\0\0\x04Z\0\0\0\x05T";
        for at_a_time in 1..=client.len() {
            let asked = kinds(Frames::of_client(), client, at_a_time);
            assert_eq!(asked, [STARTUP, b'S', b'Q'], "{at_a_time}");
            let told = kinds(Frames::of_server(), server, at_a_time);
            assert_eq!(told, b"ZDZ", "{at_a_time}");
        }
        assert_eq!(kinds(Frames::of_server(), b"Z\0\0\0\x05ID\0", 1), b"Z", "half a frame");
    }
}
