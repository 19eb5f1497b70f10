//! Commands as a server reads them: lists of texts, in either protocol.

use cache_index::Command;

/// Commands one behind the other, in the bytes that are sent.
#[derive(Debug, Default)]
pub(in crate::connection::redis) struct Packed {
    pub(super) bytes: Vec<u8>,
    /// How many answers come.
    pub(super) answers: usize,
}

/// What stands around an argument: `$`, a length, and two ends of lines.
const AROUND: usize = 12;

impl Packed {
    /// With these commands; as one transaction where they are to be one.
    pub(in crate::connection::redis) fn of<'a>(
        commands: impl IntoIterator<Item = &'a Command, IntoIter: Clone>,
        atomic: bool,
    ) -> Self {
        let commands = commands.into_iter();
        let size: usize = commands.clone().map(size).sum();
        let mut packed = Self { bytes: Vec::with_capacity(size + if atomic { 29 } else { 0 }), answers: 0 };
        if atomic {
            packed.word("MULTI");
        }
        for command in commands {
            packed.push(command);
        }
        if atomic {
            packed.word("EXEC");
        }
        packed
    }

    fn push(&mut self, command: &Command) {
        let arguments = command.args();
        self.number(b'*', arguments.len());
        for argument in arguments {
            self.argument(argument);
        }
        self.answers += 1;
    }

    fn word(&mut self, word: &str) {
        self.number(b'*', 1);
        self.argument(word.as_bytes());
        self.answers += 1;
    }

    fn argument(&mut self, argument: &[u8]) {
        self.number(b'$', argument.len());
        self.bytes.extend_from_slice(argument);
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn number(&mut self, kind: u8, number: usize) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
    }
}

fn size(command: &Command) -> usize {
    command.size() + AROUND * (command.args().len() + 1)
}
