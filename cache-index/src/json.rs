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
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Writes a value as compact JSON at the end of the buffer.
///
/// Integers and strings come back as they are. So do all but about one in four hundred doubles; the others come back
/// as a neighbour, one unit in the last place off (3.3 in place of 3.3000000000000003).
///
/// # Errors
/// NaN, infinities and integers beyond 64 bits, which would come back as something else; and what serde_json finds
/// wrong with the value, such as a map whose keys are no strings.
pub fn write_json<T: Serialize + ?Sized>(buffer: &mut Vec<u8>, value: &T) -> Result<(), serde_json::Error> {
    value.serialize(Strict(&mut Serializer::with_formatter(buffer, Surviving(CompactFormatter))))
}

/// Whole numbers below it are written in full by serde_json, larger ones with an exponent.
const WRITTEN_WHOLE: f64 = 1e16;

struct Surviving(CompactFormatter);

impl Formatter for Surviving {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if survives_as_shortest(value) {
            return self.0.write_f64(writer, value);
        }
        match surviving_parts(value.abs()) {
            Some((digits, exponent)) => {
                let sign = if value.is_sign_negative() { "-" } else { "" };
                write!(writer, "{sign}{digits}e{exponent}")
            }
            None => self.0.write_f64(writer, value),
        }
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        // The double of the same decimal text, which is what the index compares with.
        self.write_f64(writer, crate::value::widen(value))
    }
}

/// Whether the double, in the shortest form that serde_json writes, is read back as itself.
fn survives_as_shortest(value: f64) -> bool {
    if value.fract() == 0.0 && value.abs() < WRITTEN_WHOLE {
        // Written with `.0` behind, which is one digit more.
        return read_back((value.abs() * 10.0) as u64, -1) == value.abs();
    }
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return true };
    let whole: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    match (whole.parse::<u64>(), exponent.parse::<i32>()) {
        (Ok(digits), Ok(exponent)) => read_back(digits, exponent - decimals as i32) == value.abs(),
        _ => true,
    }
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
            plain += u32::from(!survives_as_shortest(value));
            lost += u32::from(!survives_as_shortest(value) && surviving_parts(value.abs()).is_none());
            // Whatever the form, a correct reader gets the same number or its neighbour.
            let read: f64 = written(value).parse().unwrap();
            assert!(read == value || read.next_up() == value || read.next_down() == value, "{value}");
        }
        assert!(plain > 1_000, "the shortest form loses {plain} of 20,000");
        assert!(lost < 60, "{lost} of 20,000 are lost");
    }
}
