//! Messages of `google.protobuf` that protobuf's JSON mapping writes in a form of their own.

use super::{
    fault::{Fault, Problem, Read},
    plan::Shape,
    scalar,
    transcode::{Transcoder, expect, next},
    wire::{Wire, WireType},
};
use crate::json;
use std::io::Write as _;

/// Seconds of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const TIMESTAMPS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Ten thousand years, in seconds.
const DURATION: u64 = 315_576_000_000;

const NANOS: u32 = 1_000_000_000;

impl Transcoder<'_> {
    /// RFC 3339 in UTC, with as many digits as it needs: none, 3, 6 or 9.
    pub(super) fn timestamp(&mut self, message: u32, wire: &mut Wire<'_>) -> Read<()> {
        let at = wire.at();
        let (seconds, nanos) = self.seconds(wire).map_err(|fault| fault.in_message(message))?;
        if !TIMESTAMPS.contains(&seconds) || !(0..NANOS.cast_signed()).contains(&nanos) {
            let problem = Problem::Value("a time from year 1 to year 9999");
            self.refuse(Fault::new(problem, at).in_message(message));
        }
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(self.out, "\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
            .expect("a vector takes all bytes");
        self.fraction(nanos.unsigned_abs());
        self.out.extend_from_slice(b"Z\"");
        Ok(())
    }

    /// Seconds, with as many digits as it needs: none, 3, 6 or 9.
    pub(super) fn duration(&mut self, message: u32, wire: &mut Wire<'_>) -> Read<()> {
        let at = wire.at();
        let (seconds, nanos) = self.seconds(wire).map_err(|fault| fault.in_message(message))?;
        let is_mixed = seconds.signum() * i64::from(nanos.signum()) < 0;
        if seconds.unsigned_abs() > DURATION || nanos.unsigned_abs() >= NANOS || is_mixed {
            let problem = Problem::Value(
                "a duration of at most 10000 years, its seconds and nanoseconds of one sign",
            );
            self.refuse(Fault::new(problem, at).in_message(message));
        }
        self.out.push(b'"');
        if seconds < 0 || nanos < 0 {
            self.out.push(b'-');
        }
        scalar::number(seconds.unsigned_abs(), self.out);
        self.fraction(nanos.unsigned_abs());
        self.out.extend_from_slice(b"s\"");
        Ok(())
    }

    fn fraction(&mut self, nanos: u32) {
        let written = match nanos {
            0 => return,
            _ if nanos.is_multiple_of(1_000_000) => write!(self.out, ".{:03}", nanos / 1_000_000),
            _ if nanos.is_multiple_of(1_000) => write!(self.out, ".{:06}", nanos / 1_000),
            _ => write!(self.out, ".{nanos:09}"),
        };
        written.expect("a vector takes all bytes");
    }

    /// Seconds and nanoseconds, which a timestamp and a duration both consist of.
    fn seconds(&mut self, wire: &mut Wire<'_>) -> Read<(i64, i32)> {
        let (mut seconds, mut nanos) = (0, 0);
        while let Some(tag) = next(wire, None)? {
            match tag.number {
                1 | 2 => expect(WireType::Varint, tag, wire)?,
                _ => {
                    self.unknown(tag, wire)?;
                    continue;
                }
            }
            let value = wire.varint()?;
            match tag.number {
                1 => seconds = value.cast_signed(),
                _ => nanos = scalar::int32(value),
            }
        }
        Ok((seconds, nanos))
    }

    /// Paths in lowerCamelCase with commas between them.
    pub(super) fn field_mask(&mut self, message: u32, wire: &mut Wire<'_>) -> Read<()> {
        let at = wire.at();
        self.out.push(b'"');
        let start = self.out.len();
        let mut writable = true;
        while let Some(tag) = next(wire, None).map_err(|fault| fault.in_message(message))? {
            if tag.number != 1 {
                self.unknown(tag, wire).map_err(|fault| fault.in_message(message))?;
                continue;
            }
            let path = expect(WireType::Length, tag, wire).and_then(|()| scalar::utf8(wire));
            let path = path.map_err(|fault| fault.in_message(message))?;
            if self.out.len() > start {
                self.out.push(b',');
            }
            writable &= camel_case(path, self.out);
        }
        self.out.push(b'"');
        if !writable {
            let problem = Problem::Value("paths of snake_case names");
            self.refuse(Fault::new(problem, at).in_message(message));
        }
        Ok(())
    }

    /// `@type` and the members of the message that it names, or its `value` if that has a form of its own.
    pub(super) fn any(&mut self, message: u32, wire: &mut Wire<'_>) -> Read<()> {
        let at = wire.at();
        let (url, value) = self.any_parts(wire).map_err(|fault| fault.in_message(message))?;
        if url.is_empty() && value.is_empty() {
            self.out.extend_from_slice(b"{}");
            return Ok(());
        }
        let name = url.rsplit_once('/').map_or("", |(_, name)| name);
        let Some(inner) = self.plan.names.get(name).copied() else {
            self.refuse(Fault::new(Problem::AnyType(url.to_owned()), at).in_message(message));
            return Ok(());
        };
        self.out.extend_from_slice(b"{\"@type\":");
        json::escape(url, self.out);
        let is_plain = self.plan.messages[inner as usize].shape == Shape::Object
            && name != "google.protobuf.Empty";
        self.attempt(|transcoder| {
            let mut value = value;
            transcoder.enter(&value)?;
            if is_plain {
                transcoder.fields(inner, &mut value, None, false)?;
            } else {
                transcoder.out.extend_from_slice(b",\"value\":");
                transcoder.message(inner, &mut value, None)?;
            }
            transcoder.leave();
            Ok(())
        });
        self.out.push(b'}');
        Ok(())
    }

    fn any_parts<'a>(&mut self, wire: &mut Wire<'a>) -> Read<(&'a str, Wire<'a>)> {
        let (mut url, mut value) = ("", Wire::new(&[]));
        while let Some(tag) = next(wire, None)? {
            match tag.number {
                1 | 2 => expect(WireType::Length, tag, wire)?,
                _ => {
                    self.unknown(tag, wire)?;
                    continue;
                }
            }
            match tag.number {
                1 => url = scalar::utf8(wire)?,
                _ => value = wire.part()?,
            }
        }
        Ok((url, value))
    }
}

/// Appends a path of snake_case names in lowerCamelCase: whether the way back leads to the same path.
fn camel_case(path: &str, out: &mut Vec<u8>) -> bool {
    let mut whole = true;
    let mut after_underscore = false;
    for character in path.chars() {
        match character {
            '_' => whole &= !after_underscore,
            'a'..='z' if after_underscore => out.push(character.to_ascii_uppercase() as u8),
            _ => {
                whole &= !after_underscore
                    && (character.is_ascii_lowercase()
                        || character.is_ascii_digit()
                        || character == '.');
                out.push(u8::try_from(character).unwrap_or(b'?'));
            }
        }
        after_underscore = character == '_';
    }
    whole && !after_underscore
}

/// Year, month and day of a day since 1970-01-01. Years are counted from March, so that a leap day is a year's last.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let january = i64::from(month >= 10);
    (era * 400 + year + january, month + 3 - 12 * january, day)
}
