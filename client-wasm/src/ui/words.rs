//! Puts records, values and places into words.

use std::collections::BTreeMap;

use meltemi_core::id::RecordRef;
use meltemi_core::record::path::{Segment, Target};
use meltemi_core::record::{EntryKey, Field, FieldPath, Kind, Member, Scalar, Shape};
use meltemi_core::view::{RecordView, Summary};
use serde_json::Value;

use super::page::Page;
use crate::app::columns::Cell;
use crate::app::title::{Title, borrowed, choose};
use crate::app::{entry, form, input, read};
use crate::locale::{self, format};
use crate::t;

/// The name of a kind, for one record.
pub(crate) fn kind_name(kind: &str) -> String {
    locale::counted(&format!("kind.{kind}"), 1, &[])
}

/// The name of a kind, for many.
pub(crate) fn kind_plural(kind: &str) -> String {
    locale::text(&format!("kind.{kind}"), &[])
}

/// The name of the programme, or of the product as long as no programme is here.
pub(crate) fn programme_name(page: Page) -> String {
    let programme = page.records("programme");
    let Some(programme) = programme.first() else {
        return t!("shell.product");
    };
    let acronym = programme.fields.get("acronym").and_then(Value::as_str);
    match acronym {
        Some(acronym) => acronym.to_owned(),
        None => title(page, programme).text,
    }
}

/// The name of a record for this reader.
pub(crate) fn title(page: Page, summary: &Summary) -> Title {
    name(
        page,
        &summary.reference,
        choose(&summary.title, locale::language().code),
    )
}

/// The name of the record that a view shows.
pub(crate) fn view_title(page: Page, kind: &'static Kind, view: &RecordView) -> Title {
    let titles = kind
        .title
        .iter()
        .find_map(|name| match view.fields.get(*name)? {
            Value::Object(texts) => {
                let mut titles = BTreeMap::new();
                for (code, text) in texts {
                    titles.insert(code.clone(), text.as_str().unwrap_or_default().to_owned());
                }
                choose(&titles, locale::language().code)
            }
            Value::String(text) => Some(Title {
                text: text.clone(),
                language: String::new(),
            }),
            _ => None,
        });
    name(page, &RecordRef::new(kind.name, view.key.as_str()), titles)
}

fn name(page: Page, reference: &RecordRef, found: Option<Title>) -> Title {
    let plain = |text| Title {
        text,
        language: locale::language().code.to_owned(),
    };
    match found {
        // A report is called like its event.
        Some(title) => match borrowed(&title) {
            Some(other) if other != *reference => {
                let of = record_title(page, &other);
                plain(t!(
                    "record.of",
                    kind = kind_name(&reference.kind),
                    title = of
                ))
            }
            _ => Title {
                text: shortened(&title.text),
                ..title
            },
        },
        None => plain(t!("record.untitled", kind = kind_name(&reference.kind))),
    }
}

/// A long text cut to a name.
fn shortened(text: &str) -> String {
    const MOST: usize = 140;
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line.to_owned(),
    }
}

/// The name of a record that others point at.
pub(crate) fn record_title(page: Page, reference: &RecordRef) -> String {
    match page.summary(reference) {
        Some(summary) => title(page, &summary).text,
        None => reference.key.replace('-', " "),
    }
}

/// A value in words, by the declaration of its place.
pub(crate) fn value(page: Page, kind: &'static Kind, path: &FieldPath, value: &Value) -> String {
    if value.is_null() {
        return t!("value.empty");
    }
    match path.resolve(kind) {
        Ok(Target::Register(register)) => scalar(page, register.scalar, value),
        Ok(Target::Tags(_, member)) => {
            let each = |text: &String| self::member(page, member, text);
            list(
                &read::members(Some(value))
                    .iter()
                    .map(each)
                    .collect::<Vec<_>>(),
            )
        }
        _ => any(value),
    }
}

/// A value of a register in words.
pub(crate) fn scalar(page: Page, scalar: &Scalar, value: &Value) -> String {
    match (scalar, value) {
        (_, Value::Null) => t!("value.empty"),
        (Scalar::Flag, Value::Bool(true)) => t!("value.yes"),
        (Scalar::Flag, Value::Bool(false)) => t!("value.no"),
        (Scalar::Integer { .. }, Value::Number(number)) => {
            number.as_f64().map_or_else(String::new, format::number)
        }
        (Scalar::Dates | Scalar::Date, Value::String(text)) => format::stored(text),
        (Scalar::LocalTime, Value::String(text)) => format::local_time(text),
        (Scalar::Code(vocabulary), Value::String(word)) => locale::word(vocabulary.name, word),
        (Scalar::Link(_), Value::String(text)) => link(page, text),
        (_, value) => any(value),
    }
}

/// A member of a set in words.
pub(crate) fn member(page: Page, member: &Member, text: &str) -> String {
    match member {
        Member::Code(vocabulary) => locale::word(vocabulary.name, text),
        Member::Free => text.to_owned(),
        Member::Link(_) => link(page, text),
    }
}

/// A reference as the name of its record.
pub(crate) fn link(page: Page, text: &str) -> String {
    match text.parse() {
        Ok(reference) => record_title(page, &reference),
        Err(_) => text.to_owned(),
    }
}

/// JSON that no declaration explains.
pub(crate) fn any(value: &Value) -> String {
    match value {
        Value::Array(all) => list(&all.iter().map(any).collect::<Vec<_>>()),
        Value::Object(all) => {
            let each = |(key, value): (&String, &Value)| format!("{key}: {}", any(value));
            list(&all.iter().map(each).collect::<Vec<_>>())
        }
        Value::Bool(true) => t!("value.yes"),
        Value::Bool(false) => t!("value.no"),
        other => input::to_text(Some(other)),
    }
}

/// What a list shows in a cell.
pub(crate) fn cell(page: Page, cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(number) => format::number(*number as f64),
        Cell::Dates(text) => format::stored(text),
        Cell::Words(vocabulary, words) => list(
            &words
                .iter()
                .map(|word| locale::word(vocabulary, word))
                .collect::<Vec<_>>(),
        ),
        Cell::Records(records) => list(
            &records
                .iter()
                .map(|record| record_title(page, record))
                .collect::<Vec<_>>(),
        ),
    }
}

/// Several things in one line.
pub(crate) fn list(parts: &[String]) -> String {
    parts.join(&t!("value.separator"))
}

/// What a place is called, from the outside in: "Steps › Report › Done on".
pub(crate) fn place(
    page: Page,
    kind: &'static Kind,
    view: &RecordView,
    path: &FieldPath,
) -> String {
    if path.is_root() {
        return t!("record.itself");
    }
    let mut parts = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut here = FieldPath::root();
    let mut fields: &'static [Field] = kind.fields;
    let mut inside: Option<&'static Field> = None;
    for segment in path.segments() {
        here = match segment {
            Segment::Name(name) => here.join(name.as_str()),
            Segment::Record(record) => here.join_record(record.clone()),
        };
        match (inside.take(), segment) {
            (Some(field), segment) => {
                if let Shape::Entries(_, within) = &field.shape {
                    parts.push(entry_title(
                        page,
                        field,
                        within,
                        &here,
                        read::value(view, &here),
                    ));
                    fields = within;
                } else if let Segment::Name(language) = segment {
                    parts.push(format::language_name(language));
                }
            }
            (None, Segment::Name(name)) => {
                let field = fields.iter().find(|field| field.name == name);
                names.push(field.map_or(name.as_str(), |field| field.name));
                parts.push(locale::field(kind.name, &names));
                inside = field;
            }
            (None, Segment::Record(_)) => {}
        }
    }
    parts.join(" › ")
}

/// What an entry is called.
pub(crate) fn entry_title(
    page: Page,
    field: &'static Field,
    within: &'static [Field],
    path: &FieldPath,
    value: Option<&Value>,
) -> String {
    let Shape::Entries(key, _) = &field.shape else {
        return String::new();
    };
    match (key, path.segments().last()) {
        (EntryKey::Fixed(words), Some(Segment::Name(word))) => locale::word(words.name, word),
        (EntryKey::Link(_), Some(Segment::Record(record))) => record_title(page, record),
        _ => {
            let title = value
                .and_then(|value| entry::title(within, value))
                .map(shortened);
            // Without a name of its own, by its first word or date.
            let first = || {
                let value = value?;
                within.iter().find_map(|field| match &field.shape {
                    Shape::Value(it) => Some(scalar(page, it, value.get(field.name)?)),
                    _ => None,
                })
            };
            title.or_else(first).unwrap_or_else(|| t!("entry.untitled"))
        }
    }
}

/// The label of the field at a place.
pub(crate) fn label(kind: &'static Kind, path: &FieldPath) -> String {
    locale::field(kind.name, &form::field_names(kind, path))
}

/// The word of the fixed entry that a place is in, such as a step of an event.
pub(crate) fn fixed_entry(kind: &'static Kind, path: &FieldPath) -> Option<String> {
    let [Segment::Name(field), Segment::Name(word), ..] = path.segments() else {
        return None;
    };
    match &kind.field(field)?.shape {
        Shape::Entries(EntryKey::Fixed(words), _) => Some(locale::word(words.name, word)),
        _ => None,
    }
}
