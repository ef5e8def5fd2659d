//! From what a person typed to the value of a register.

use meltemi_core::record::Scalar;
use serde_json::Value;

/// The value that `text` stands for, `Null` when it is empty, or `None` when it stands for none.
///
/// Only the form is made right here; whether the value fits, the record's declaration says.
pub fn parse(scalar: &Scalar, text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Value::Null);
    }
    match scalar {
        Scalar::Integer { min } => {
            let number: i64 = western(text).replace(' ', "").parse().ok()?;
            (number >= *min).then(|| Value::from(number))
        }
        Scalar::Decimal => decimal(text).map(Value::String),
        Scalar::Flag => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Scalar::Url => {
            let bare = !text.contains("://") && text.contains('.') && !text.contains(' ');
            let text = if bare {
                format!("https://{text}")
            } else {
                text.to_owned()
            };
            let known = text.starts_with("https://") || text.starts_with("http://");
            known.then_some(Value::String(text))
        }
        Scalar::LocalTime => Some(Value::String(text.chars().take(16).collect())),
        _ => Some(Value::String(text.to_owned())),
    }
}

/// The text to edit for a value.
pub fn to_text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The key of the sentence that says what a register takes.
pub const fn expected_key(scalar: &Scalar) -> &'static str {
    match scalar {
        Scalar::Line => "expected.line",
        Scalar::Integer { .. } => "expected.integer",
        Scalar::Flag => "expected.flag",
        Scalar::Dates | Scalar::Date => "expected.date",
        Scalar::LocalTime => "expected.local_time",
        Scalar::Decimal => "expected.decimal",
        Scalar::Code(_) => "expected.code",
        Scalar::Link(_) => "expected.link",
        Scalar::Url => "expected.url",
    }
}

/// All of these keys, for tests of the locale files.
pub const EXPECTED: [&str; 9] = [
    "expected.line",
    "expected.integer",
    "expected.flag",
    "expected.date",
    "expected.local_time",
    "expected.decimal",
    "expected.code",
    "expected.link",
    "expected.url",
];

/// An amount as people write it in different places: `1 250,50`, `1,250.50`, `١٢٥٠`.
fn decimal(text: &str) -> Option<String> {
    let text = western(text);
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '\'')
        .collect();
    let point = match (text.rfind(','), text.rfind('.')) {
        (Some(comma), Some(stop)) => Some(comma.max(stop)),
        // One comma or stop is the decimal one; several of them part the thousands.
        (comma, stop) => comma
            .or(stop)
            .filter(|_| text.matches([',', '.']).count() == 1),
    };
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => out.push(c),
            '-' if at == 0 => out.push(c),
            ',' | '.' if Some(at) == point => out.push('.'),
            ',' | '.' => {}
            _ => return None,
        }
    }
    out.chars().any(|c| c.is_ascii_digit()).then_some(out)
}

/// Arabic and Persian digits and signs as Western ones.
fn western(text: &str) -> String {
    let digit = |c: char, zero: u32| char::from_digit(c as u32 - zero, 10).unwrap_or(c);
    text.chars()
        .filter(|c| !matches!(c, '\u{66c}' | '\u{200e}' | '\u{200f}' | '\u{61c}'))
        .map(|c| match c {
            '\u{660}'..='\u{669}' => digit(c, 0x660),
            '\u{6f0}'..='\u{6f9}' => digit(c, 0x6f0),
            '\u{66b}' => '.',
            '\u{a0}' | '\u{202f}' => ' ',
            '\u{2212}' => '-',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (typed, value) in [
            ("1250.50", Some("1250.50")),
            ("1 250,50", Some("1250.50")),
            ("1\u{202f}250,5", Some("1250.5")),
            ("1,250.50", Some("1250.50")),
            ("1.250,50", Some("1250.50")),
            ("1,250,000", Some("1250000")),
            ("١٢٥٠٫٥", Some("1250.5")),
            ("-3", Some("-3")),
            ("about 3", None),
            (",", None),
        ] {
            assert_eq!(
                parse(&Scalar::Decimal, typed),
                value.map(|v| json!(v)),
                "{typed}"
            );
        }
    }

    #[test]
    fn numbers_and_flags_become_what_the_record_holds() {
        let integer = Scalar::Integer { min: 1 };
        assert_eq!(parse(&integer, " 16 "), Some(json!(16)));
        assert_eq!(parse(&integer, "١٦"), Some(json!(16)));
        assert_eq!(parse(&integer, "0"), None);
        assert_eq!(parse(&integer, "1.5"), None);
        assert_eq!(parse(&integer, ""), Some(Value::Null));
        assert_eq!(parse(&Scalar::Flag, "false"), Some(json!(false)));
    }

    #[test]
    fn an_address_without_scheme_gets_one_and_others_are_refused() {
        assert_eq!(
            parse(&Scalar::Url, "uclg.org/x"),
            Some(json!("https://uclg.org/x"))
        );
        assert_eq!(parse(&Scalar::Url, "javascript:alert(1)"), None);
    }
}
