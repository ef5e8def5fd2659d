//! Values of registers and members of sets: what is accepted, and how it stands in JSON and in a document.
//!
//! Reading is lenient: a word or a kind of record this version does not know is read as it is,
//! since a newer version may know it. A command must give what the declaration allows.

use automerge::ScalarValue;
use serde_json::Value;

use super::{Member, Scalar};
use crate::id::RecordRef;
use crate::time::{Date, DateSpan, Precision};

/// Longest line of text, in bytes.
const MAX_LINE: usize = 4000;

/// The JSON form of what a register holds; `null` when it is empty.
///
/// The error says what was found and what was expected.
pub fn to_json(scalar: &Scalar, value: &ScalarValue) -> Result<Value, String> {
    let found = |what: &str| Err(format!("found {what}, expected {}", expected(scalar)));
    match (scalar, value) {
        (_, ScalarValue::Null) => Ok(Value::Null),
        (Scalar::Flag, ScalarValue::Boolean(flag)) => Ok(Value::Bool(*flag)),
        (Scalar::Integer { min }, value) => match integer(value) {
            Some(n) if n >= *min => Ok(Value::from(n)),
            _ => found(&describe(value)),
        },
        (Scalar::Decimal, ScalarValue::Int(n)) => Ok(Value::String(n.to_string())),
        (Scalar::Decimal, ScalarValue::Uint(n)) => Ok(Value::String(n.to_string())),
        (Scalar::Flag, value) => found(&describe(value)),
        (_, ScalarValue::Str(text)) => match canonical(scalar, text, Mode::Read) {
            Some(text) if text.is_empty() => Ok(Value::Null),
            Some(text) => Ok(Value::String(text)),
            None => found(&describe(value)),
        },
        (_, value) => found(&describe(value)),
    }
}

/// What a register is to hold for the JSON form of a value; `Null` for `null` and for empty text.
///
/// The error says what is expected.
pub fn from_json(scalar: &Scalar, value: &Value) -> Result<ScalarValue, String> {
    let error = || format!("expected {}", expected(scalar));
    match (scalar, value) {
        (_, Value::Null) => Ok(ScalarValue::Null),
        (Scalar::Flag, Value::Bool(flag)) => Ok(ScalarValue::Boolean(*flag)),
        (Scalar::Integer { min }, Value::Number(number)) => {
            let number = number.as_i64().filter(|n| n >= min).ok_or_else(error)?;
            Ok(ScalarValue::Int(number))
        }
        (Scalar::Decimal, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            Ok(ScalarValue::Str(number.to_string().into()))
        }
        (Scalar::Flag | Scalar::Integer { .. }, _) => Err(error()),
        (_, Value::String(text)) if text.trim().is_empty() => Ok(ScalarValue::Null),
        (_, Value::String(text)) => {
            let text = canonical(scalar, text.trim(), Mode::Command).ok_or_else(error)?;
            Ok(ScalarValue::Str(text.into()))
        }
        _ => Err(error()),
    }
}

/// Checks that `text` may be added to a set. The error says what is expected.
pub fn check_member(member: &Member, text: &str) -> Result<(), String> {
    let (fits, expected) = match member {
        Member::Code(vocabulary) => (
            vocabulary.allows(text),
            format!("a word of the vocabulary {}", vocabulary.name),
        ),
        Member::Free => (
            text.trim() == text && !text.is_empty() && text.len() <= 400 && is_line(text),
            "a short text in one line".to_owned(),
        ),
        Member::Link(kinds) => (
            text.parse::<RecordRef>()
                .is_ok_and(|link| kinds.contains(&link.kind.as_str())),
            format!("a reference kind/key to {}", one_of(kinds)),
        ),
    };
    if fits {
        Ok(())
    } else {
        Err(format!("expected {expected}"))
    }
}

/// The JSON form of a scalar that no declaration describes.
pub fn plain(value: &ScalarValue) -> Value {
    match value {
        ScalarValue::Bytes(bytes) => Value::String(hex::encode(bytes)),
        ScalarValue::Str(text) => Value::String(text.to_string()),
        ScalarValue::Int(n) | ScalarValue::Timestamp(n) => Value::from(*n),
        ScalarValue::Uint(n) => Value::from(*n),
        ScalarValue::F64(n) => Value::from(*n),
        ScalarValue::Counter(counter) => Value::from(i64::from(counter)),
        ScalarValue::Boolean(flag) => Value::Bool(*flag),
        ScalarValue::Unknown { bytes, .. } => Value::String(hex::encode(bytes)),
        ScalarValue::Null => Value::Null,
    }
}

/// What a register with this declaration takes, for people.
pub fn expected(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Line => "text in one line".to_owned(),
        Scalar::Integer { min } => format!("a whole number, at least {min}"),
        Scalar::Flag => "yes or no (true or false)".to_owned(),
        Scalar::Dates => "a date or two as start/end, such as 2021-03-16/2021-03-18".to_owned(),
        Scalar::Date => "a date such as 2021, 2021-03 or 2021-03-16".to_owned(),
        Scalar::LocalTime => "a date and time such as 2021-03-16T09:30".to_owned(),
        Scalar::Decimal => "an amount as decimal text, such as 1250.50".to_owned(),
        Scalar::Code(vocabulary) => format!("a word of the vocabulary {}", vocabulary.name),
        Scalar::Link(kinds) => format!("a reference kind/key to {}", one_of(kinds)),
        Scalar::Url => "a web address that starts with https:// or http://".to_owned(),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Read,
    Command,
}

/// The one way to write `text` as this scalar, or `None` if it is not one.
fn canonical(scalar: &Scalar, text: &str, mode: Mode) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    let reading = mode == Mode::Read;
    match scalar {
        // A longer or broken line of another program is still text that a person can read.
        Scalar::Line => (reading || (text.len() <= MAX_LINE && is_line(text))).then(|| text.into()),
        Scalar::Dates => text.parse::<DateSpan>().ok().map(|span| span.to_string()),
        Scalar::Date => text.parse::<Date>().ok().map(|date| date.to_string()),
        Scalar::LocalTime => is_local_time(text).then(|| text.into()),
        Scalar::Decimal => decimal(text),
        Scalar::Code(vocabulary) => {
            (vocabulary.allows(text) || (reading && text.len() <= MAX_LINE)).then(|| text.into())
        }
        Scalar::Link(kinds) => {
            let link: RecordRef = text.parse().ok()?;
            (reading || kinds.contains(&link.kind.as_str())).then(|| link.to_string())
        }
        Scalar::Url => {
            let rest = text
                .strip_prefix("https://")
                .or_else(|| text.strip_prefix("http://"))?;
            let fits = !rest.is_empty()
                && text.len() <= MAX_LINE
                && !text.contains(|c: char| c.is_whitespace() || c.is_control());
            fits.then(|| text.into())
        }
        Scalar::Integer { .. } | Scalar::Flag => None,
    }
}

fn is_line(text: &str) -> bool {
    !text.contains(char::is_control)
}

fn is_local_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else {
        return false;
    };
    let day = date
        .parse::<Date>()
        .is_ok_and(|date| date.precision() == Precision::Day);
    let part = |text: &str, below: u8| {
        text.len() == 2
            && text.bytes().all(|b| b.is_ascii_digit())
            && text.parse::<u8>().is_ok_and(|n| n < below)
    };
    day && time
        .split_once(':')
        .is_some_and(|(hour, minute)| part(hour, 24) && part(minute, 60))
}

/// Decimal text without leading zeros, without zeros at the end of the fraction, without `-0`.
fn decimal(text: &str) -> Option<String> {
    if text.len() > 40 {
        return None;
    }
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !number(whole) || !number(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    Some(match (whole, fraction) {
        ("0", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

fn integer(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::Int(n) => Some(*n),
        ScalarValue::Uint(n) => i64::try_from(*n).ok(),
        ScalarValue::Counter(counter) => Some(i64::from(counter)),
        // Programs without integers write them so; beyond 2^53 they are no longer exact.
        ScalarValue::F64(n) if n.fract() == 0.0 && n.abs() < 9e15 => Some(*n as i64),
        _ => None,
    }
}

fn describe(value: &ScalarValue) -> String {
    match value {
        ScalarValue::Str(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
        ScalarValue::Bytes(_) => "bytes".to_owned(),
        ScalarValue::Unknown { .. } => "a value of a newer Automerge".to_owned(),
        value => plain(value).to_string(),
    }
}

fn one_of(kinds: &[&str]) -> String {
    kinds.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::vocabulary::{COUNTRY, MODALITY};
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const CODE: Scalar = Scalar::Code(&MODALITY);

    #[test]
    fn values_are_kept_in_one_way_of_writing() {
        for (scalar, given, kept) in [
            (Scalar::Line, json!("  Fez "), json!("Fez")),
            (Scalar::Line, json!(""), json!(null)),
            (Scalar::Integer { min: 1 }, json!(16), json!(16)),
            (Scalar::Flag, json!(false), json!(false)),
            (
                Scalar::Dates,
                json!("2021-03-16/2021-03-16"),
                json!("2021-03-16"),
            ),
            (
                Scalar::LocalTime,
                json!("2021-03-16T09:30"),
                json!("2021-03-16T09:30"),
            ),
            (Scalar::Decimal, json!("007.50"), json!("7.5")),
            (Scalar::Decimal, json!("-0.0"), json!("0")),
            (Scalar::Decimal, json!(40000), json!("40000")),
            (CODE, json!("online"), json!("online")),
            (Scalar::Code(&COUNTRY), json!("xx"), json!("xx")),
            (
                Scalar::Link(&["city"]),
                json!("city/fez"),
                json!("city/fez"),
            ),
            (
                Scalar::Url,
                json!("https://icmpd.org/x"),
                json!("https://icmpd.org/x"),
            ),
        ] {
            let stored = from_json(&scalar, &given).expect("accepted");
            assert_eq!(to_json(&scalar, &stored), Ok(kept), "{scalar:?}");
        }
    }

    #[test]
    fn wrong_values_are_refused_with_what_is_expected() {
        for (scalar, given) in [
            (Scalar::Line, json!("two\nlines")),
            (Scalar::Line, json!("x".repeat(MAX_LINE + 1))),
            (Scalar::Line, json!(1)),
            (Scalar::Integer { min: 1 }, json!(0)),
            (Scalar::Integer { min: 1 }, json!(1.5)),
            (Scalar::Flag, json!("yes")),
            (Scalar::Dates, json!("16/03/2021")),
            (Scalar::Date, json!("2021/2022")),
            (Scalar::LocalTime, json!("2021-03T09:30")),
            (Scalar::LocalTime, json!("2021-03-16T24:00")),
            (Scalar::Decimal, json!(1.5)),
            (Scalar::Decimal, json!("1,5")),
            (Scalar::Decimal, json!(".5")),
            (CODE, json!("by_carrier_pigeon")),
            (Scalar::Link(&["city"]), json!("event/ev1")),
            (Scalar::Url, json!("javascript:alert(1)")),
        ] {
            let error = from_json(&scalar, &given).expect_err("refused");
            assert!(error.starts_with("expected "), "{error}");
        }
    }

    #[test]
    fn what_a_newer_version_wrote_is_read_as_it_is() {
        assert_eq!(
            to_json(&CODE, &"by_carrier_pigeon".into()),
            Ok(json!("by_carrier_pigeon"))
        );
        assert_eq!(
            to_json(&Scalar::Link(&["city"]), &"region/x".into()),
            Ok(json!("region/x"))
        );
        assert_eq!(
            to_json(&Scalar::Integer { min: 0 }, &ScalarValue::F64(3.0)),
            Ok(json!(3))
        );
        let error = to_json(&Scalar::Flag, &"yes".into()).expect_err("no flag");
        assert_eq!(error, "found \"yes\", expected yes or no (true or false)");
    }

    #[test]
    fn members_of_sets_are_checked() {
        assert_eq!(check_member(&Member::Code(&MODALITY), "online"), Ok(()));
        assert_eq!(check_member(&Member::Free, "social cohesion"), Ok(()));
        assert_eq!(check_member(&Member::Link(&["city"]), "city/fez"), Ok(()));
        for (member, text) in [
            (Member::Code(&MODALITY), "x"),
            (Member::Free, ""),
            (Member::Free, " a"),
            (Member::Free, "a\nb"),
            (Member::Link(&["city"]), "event/ev1"),
        ] {
            assert!(check_member(&member, text).is_err(), "{text:?}");
        }
    }
}
