//! Where replies end, in what a server sends: as little as has to be known to count them (RESP2).

use crate::work::Outcome;

/// What was read of a reply that is not there as a whole.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    /// How many values are still to come until the reply ends; 0 between replies.
    open: u64,
    /// How many bytes are still to come of a text.
    text: usize,
    /// The begin of a line that is not there as a whole.
    line: Vec<u8>,
}

impl Replies {
    /// How many replies end in these bytes. An error of the server is one here.
    pub(crate) fn ended_in(&mut self, mut bytes: &[u8]) -> Outcome<u64> {
        let mut ended = 0;
        while !bytes.is_empty() {
            if self.text > 0 {
                let there = self.text.min(bytes.len());
                self.text -= there;
                bytes = &bytes[there..];
                if self.text == 0 {
                    ended += self.value(0);
                }
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                self.line.extend_from_slice(bytes);
                break;
            };
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.line.is_empty() {
                ended += self.line(line)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                ended += self.line(&whole)?;
                whole.clear();
                self.line = whole;
            }
        }
        Ok(ended)
    }

    /// Whether the last reply is there as a whole.
    pub(crate) fn is_between(&self) -> bool {
        self.open == 0 && self.text == 0 && self.line.is_empty()
    }

    /// Whether a reply ends with this line.
    fn line(&mut self, line: &[u8]) -> Outcome<u64> {
        let told = || String::from_utf8_lossy(line).into_owned();
        let (kind, rest) = line.split_first().ok_or("an empty line")?;
        let number = || -> Outcome<i64> { Ok(std::str::from_utf8(rest)?.trim_end().parse()?) };
        match kind {
            b'+' | b':' => Ok(self.value(0)),
            b'*' => Ok(self.value(number()?.max(0) as u64)),
            b'$' => match number()? {
                // Nothing.
                ..0 => Ok(self.value(0)),
                length => {
                    self.text = length as usize + 2;
                    Ok(0)
                }
            },
            _ => Err(format!("the server answered {}", told()).into()),
        }
    }

    /// A value is there, which has so many others in it. Whether the reply ends with it.
    fn value(&mut self, others: u64) -> u64 {
        self.open = self.open.max(1) - 1 + others;
        u64::from(self.open == 0)
    }
}
