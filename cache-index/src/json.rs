//! Documents written as JSON in a form that RedisJSON reads back to the same numbers.
//!
//! RedisJSON reads numbers with serde_json's fast path (`f64_from_parts` in its `de.rs`): the digits as an integer,
//! rounded to a double, then multiplied or divided by a power of ten. That rounds twice, and one in ten doubles
//! written in their shortest form comes back one unit in the last place off. A double can be written in many
//! ways, though, and nearly always one of them survives: digits that are a double themselves round only once.

use std::io;
use std::sync::LazyLock;

use crate::strict::Strict;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

/// Writes a value as compact JSON at the end of the buffer.
///
/// Integers and strings come back as they are. So do all but about one in four hundred doubles; the others come back
/// as a neighbour, one unit in the last place off (3.3 in place of 3.3000000000000003).
///
/// ```
/// use cache_index::write_json;
///
/// let mut json = Vec::new();
/// write_json(&mut json, &("Ann", 3.5))?;
/// assert_eq!(json, br#"["Ann",3.5]"#);
/// let refused = write_json(&mut json, &f64::NAN).unwrap_err();
/// assert!(refused.to_string().starts_with("NaN has no JSON form and would come back as null"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// NaN, infinities and integers beyond 64 bits, which would come back as something else; and what serde_json finds
/// wrong with the value, such as a map whose keys are no strings.
pub fn write_json<T: Serialize + ?Sized>(buffer: &mut Vec<u8>, value: &T) -> Result<(), serde_json::Error> {
    write_json_seen(buffer, value).map(drop)
}

/// As [`write_json`], and says what strings were written, names of members among them.
///
/// ```
/// use cache_index::write_json_seen;
///
/// let seen = write_json_seen(&mut Vec::new(), &["Ann", "\0"])?;
/// assert_eq!((seen.longest, seen.nul), (3, true));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// As [`write_json`].
pub fn write_json_seen<T: Serialize + ?Sized>(
    buffer: &mut Vec<u8>,
    value: &T,
) -> Result<Strings, serde_json::Error> {
    let mut strings = Strings::default();
    let formatter = Surviving { seen: &mut strings, string: 0 };
    value.serialize(Strict(&mut Serializer::with_formatter(buffer, formatter)))?;
    Ok(strings)
}

/// The strings of a document that was written.
///
/// ```
/// use cache_index::{MAX_TAG, write_json_seen};
///
/// let seen = write_json_seen(&mut Vec::new(), &["Ann".repeat(30_000)])?;
/// assert!(seen.longest > MAX_TAG, "one of them may be longer than a tag can be");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Strings {
    /// At least the bytes of the longest one; of JSON that was put in as it is, all of its bytes.
    pub longest: usize,
    /// Whether one of them may hold U+0000.
    pub nul: bool,
}

/// More bytes than serde_json writes of a double.
const LONGEST_DOUBLE: usize = 40;

/// How U+0000 looks in a string of JSON.
const NUL: &[u8] = br"\u0000";

struct Surviving<'a> {
    seen: &'a mut Strings,
    /// The bytes of the string that is being written.
    string: usize,
}

impl Formatter for Surviving<'_> {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let mut shortest = [0; LONGEST_DOUBLE];
        let mut rest = shortest.as_mut_slice();
        CompactFormatter.write_f64(&mut rest, value)?;
        let length = LONGEST_DOUBLE - rest.len();
        let shortest = shortest.get(..length).unwrap_or_default();
        if survives(shortest, value) {
            return writer.write_all(shortest);
        }
        match surviving_parts(value.abs()) {
            Some((digits, exponent)) => {
                let sign = if value.is_sign_negative() { "-" } else { "" };
                write!(writer, "{sign}{digits}e{exponent}")
            }
            None => writer.write_all(shortest),
        }
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        // The double of the same decimal text, which is what the index compares with.
        self.write_f64(writer, crate::value::widen(value))
    }

    fn begin_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.string = 0;
        CompactFormatter.begin_string(writer)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.string += fragment.len();
        CompactFormatter.write_string_fragment(writer, fragment)
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.string += 1;
        self.seen.nul |= matches!(escape, CharEscape::AsciiControl(0));
        CompactFormatter.write_char_escape(writer, escape)
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.seen.longest = self.seen.longest.max(self.string);
        CompactFormatter.end_string(writer)
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.seen.longest = self.seen.longest.max(fragment.len());
        self.seen.nul |= fragment.as_bytes().windows(NUL.len()).any(|bytes| bytes == NUL);
        CompactFormatter.write_raw_fragment(writer, fragment)
    }
}

/// Whether the double, in the shortest form that serde_json writes, is read back as itself.
fn survives(shortest: &[u8], value: f64) -> bool {
    let (mut digits, mut decimals) = (0_u64, None::<i32>);
    let mut bytes = shortest.iter();
    let mut exponent = 0;
    while let Some(&byte) = bytes.next() {
        match byte {
            b'0'..=b'9' => {
                let next =
                    digits.checked_mul(10).and_then(|digits| digits.checked_add(u64::from(byte - b'0')));
                // Never so many: a double has 17 at most.
                let Some(next) = next else { return true };
                digits = next;
                decimals = decimals.map(|decimals| decimals + 1);
            }
            b'.' => decimals = Some(0),
            b'e' => {
                let written = std::str::from_utf8(bytes.as_slice()).ok();
                exponent = written.and_then(|written| written.parse().ok()).unwrap_or_default();
                break;
            }
            _ => {}
        }
    }
    read_back(digits, exponent - decimals.unwrap_or_default()) == value.abs()
}

/// Digits and a power of ten that are read back as this positive double; `None` if none are found.
fn surviving_parts(value: f64) -> Option<(u64, i32)> {
    // Digits beyond 2^53 are as dense as doubles are; beyond 2^64 they do not fit.
    let most = 18 - value.log10().floor() as i32;
    (most - 3..=most).find_map(|shift| {
        let near = if shift >= 0 { value * power(shift)? } else { value / power(-shift)? };
        let neighbours =
            [near, near.next_up(), near.next_down(), near.next_up().next_up(), near.next_down().next_down()];
        neighbours
            .into_iter()
            .filter(|digits| *digits >= 1.0 && *digits < u64::MAX as f64)
            .map(|digits| digits as u64)
            .find(|digits| read_back(*digits, -shift) == value)
            .map(|digits| (digits, -shift))
    })
}

/// serde_json's `f64_from_parts`.
fn read_back(digits: u64, mut exponent: i32) -> f64 {
    let mut number = digits as f64;
    loop {
        match power(exponent.abs()) {
            Some(power) if exponent >= 0 => return number * power,
            Some(power) => return number / power,
            None if number == 0.0 || exponent >= 0 => return number,
            None => {
                number /= 1e308;
                exponent += 308;
            }
        }
    }
}

/// The double nearest to this power of ten, up to 308.
fn power(exponent: i32) -> Option<f64> {
    static POWERS: LazyLock<Vec<f64>> =
        LazyLock::new(|| (0..=308).filter_map(|exponent| format!("1e{exponent}").parse().ok()).collect());
    POWERS.get(usize::try_from(exponent).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: f64) -> String {
        let mut buffer = Vec::new();
        write_json(&mut buffer, &value).unwrap();
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn what_survives_is_written_as_usual() {
        for (value, text) in [
            (0.0, "0.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e300, "1e+300"),
            (3.0, "3.0"),
            (9e15, "9000000000000000.0"),
        ] {
            assert_eq!(written(value), text);
        }
    }

    #[test]
    fn strings_are_told() {
        let seen = |value: &serde_json::Value| write_json_seen(&mut Vec::new(), value).unwrap();
        let told = seen(&serde_json::json!({"ab": ["c\"d\u{1}", 7], "e": "äöü"}));
        assert_eq!((told.longest, told.nul), (6, false));
        assert!(seen(&serde_json::json!({"a\0": 1})).nul && seen(&serde_json::json!(["b\0c"])).nul);
        assert!(!seen(&serde_json::json!(r"\u0000")).nul, "six characters that look like it");
        let raw: Box<serde_json::value::RawValue> = serde_json::from_str(r#"["a\u0000"]"#).unwrap();
        let told = write_json_seen(&mut Vec::new(), &raw).unwrap();
        assert_eq!((told.longest, told.nul), (11, true));
    }

    #[test]
    fn whole_numbers_survive() {
        for exponent in 50..54 {
            for offset in -3..4_i64 {
                let value = ((1_i64 << exponent) + offset) as f64;
                let text = written(value);
                let parts =
                    text.split_once('e').map(|(digits, power)| (digits.to_owned(), power.parse().unwrap()));
                let (digits, power) = parts.unwrap_or_else(|| (text.replacen(".0", "0", 1), -1));
                assert_eq!(read_back(digits.parse().unwrap(), power), value, "{text}");
            }
        }
    }

    #[test]
    fn nearly_every_double_is_written_so_that_it_survives() {
        let mut seed = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        let (mut plain, mut lost) = (0, 0);
        for _ in 0..20_000 {
            let value = (random() >> 11) as f64 / (1_u64 << 53) as f64 * 360.0 - 180.0;
            let survives = survives(serde_json::to_string(&value).unwrap().as_bytes(), value);
            plain += u32::from(!survives);
            lost += u32::from(!survives && surviving_parts(value.abs()).is_none());
            // Whatever the form, a correct reader gets the same number or its neighbour.
            let read: f64 = written(value).parse().unwrap();
            assert!(read == value || read.next_up() == value || read.next_down() == value, "{value}");
        }
        assert!(plain > 1_000, "the shortest form loses {plain} of 20,000");
        assert!(lost < 60, "{lost} of 20,000 are lost");
    }
}
