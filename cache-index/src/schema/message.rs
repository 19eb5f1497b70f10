//! Messages of the compiler, put together in const evaluation.

/// A message of the compiler's, which cannot format there.
pub(super) struct Message {
    bytes: [u8; 512],
    length: usize,
}

impl Message {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; 512], length: 0 }
    }

    pub(super) const fn and(mut self, text: &str) -> Self {
        let mut text = text.as_bytes();
        while let [first, rest @ ..] = text
            && let Some(to) = self.bytes.split_at_mut(self.length).1.first_mut()
        {
            *to = *first;
            self.length += 1;
            text = rest;
        }
        self
    }

    #[expect(clippy::panic, reason = "it is a message of the compiler")]
    pub(super) const fn panic(&self) -> ! {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(message) => panic!("{}", message),
            Err(_) => panic!("a field cannot be indexed"),
        }
    }
}
