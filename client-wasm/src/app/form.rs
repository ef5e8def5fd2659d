//! The form of a record: its fields in sections, as the declaration of the kind has them.

use meltemi_core::record::path::Segment;
use meltemi_core::record::{EntryKey, Field, FieldPath, Kind, Member, Scalar, Shape};

/// The fields that the form shows under one heading.
#[derive(Debug, PartialEq)]
pub struct Section {
    /// Its name in the declaration; the heading is `section.{name}`.
    pub name: &'static str,
    /// The fields.
    pub fields: Vec<&'static Field>,
}

/// The sections of a kind, in the order in which the declaration first names them.
pub fn sections(kind: &'static Kind) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for field in kind.fields {
        match sections
            .iter_mut()
            .find(|section| section.name == field.section)
        {
            Some(section) => section.fields.push(field),
            None => sections.push(Section {
                name: field.section,
                fields: vec![field],
            }),
        }
    }
    sections
}

/// How much room a field needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A number, a word, a date: several fit in a line.
    Narrow,
    /// A name or an address.
    Half,
    /// Texts, tables, sets.
    Full,
}

/// How much room a field needs.
pub fn width(field: &Field) -> Width {
    match &field.shape {
        Shape::Value(scalar) => match scalar {
            Scalar::Dates => Width::Full,
            Scalar::Line | Scalar::Url | Scalar::Link(_) | Scalar::Date => Width::Half,
            _ => Width::Narrow,
        },
        Shape::ByLanguage | Shape::Text | Shape::Tags(_) | Shape::Entries(..) => Width::Full,
    }
}

/// The kinds of records whose names a form of this kind shows or offers.
pub fn linked_kinds(fields: &'static [Field]) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    collect_kinds(fields, &mut kinds);
    let mut unique: Vec<&'static str> = Vec::new();
    for kind in kinds {
        if !unique.contains(&kind) {
            unique.push(kind);
        }
    }
    unique
}

fn collect_kinds(fields: &'static [Field], out: &mut Vec<&'static str>) {
    for field in fields {
        match &field.shape {
            Shape::Value(Scalar::Link(kinds)) | Shape::Tags(Member::Link(kinds)) => {
                out.extend(*kinds);
            }
            Shape::Entries(key, fields) => {
                if let EntryKey::Link(kinds) = key {
                    out.extend(*kinds);
                }
                collect_kinds(fields, out);
            }
            _ => {}
        }
    }
}

/// The fields asked for when a record is begun: the required ones that fit a short form.
pub fn first_fields(kind: &'static Kind) -> Vec<&'static Field> {
    kind.fields
        .iter()
        .filter(|field| field.required && fits_short_form(field))
        .collect()
}

fn fits_short_form(field: &Field) -> bool {
    match &field.shape {
        Shape::Value(_) | Shape::ByLanguage | Shape::Text => true,
        Shape::Tags(member) => matches!(member, Member::Link(_) | Member::Code(_)),
        Shape::Entries(key, _) => matches!(key, EntryKey::Link(_)),
    }
}

/// The names of the fields that lead to a place, without keys of entries and languages.
pub fn field_names(kind: &'static Kind, path: &FieldPath) -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut fields = kind.fields;
    let mut segments = path.segments().iter();
    while let Some(Segment::Name(name)) = segments.next() {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            break;
        };
        names.push(field.name);
        match &field.shape {
            Shape::Entries(_, within) => {
                segments.next();
                fields = within;
            }
            _ => break,
        }
    }
    names
}

/// The declaration of the field at a place.
pub fn field_at(kind: &'static Kind, path: &FieldPath) -> Option<&'static Field> {
    let names = field_names(kind, path);
    let mut fields = kind.fields;
    let mut found = None;
    for name in names {
        found = fields.iter().find(|field| field.name == name);
        if let Some(Field {
            shape: Shape::Entries(_, within),
            ..
        }) = found
        {
            fields = within;
        }
    }
    found
}

/// The id of the element that shows a place; also what follows `#` in the address.
pub fn element_id(path: &FieldPath) -> String {
    path.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::record::{KINDS, kind};

    fn path(text: &str) -> FieldPath {
        text.parse().expect("a path")
    }

    #[test]
    fn every_field_stands_in_one_section() {
        for kind in KINDS {
            let shown: usize = sections(kind)
                .iter()
                .map(|section| section.fields.len())
                .sum();
            assert_eq!(shown, kind.fields.len(), "{}", kind.name);
        }
    }

    #[test]
    fn places_lead_to_their_declaration() {
        let event = kind("event").expect("a kind");
        for (place, names) in [
            ("dates", vec!["dates"]),
            ("titles/fr", vec!["titles"]),
            ("sessions/3f9a/title", vec!["sessions", "title"]),
            ("hosts/city:amman", vec!["hosts"]),
            ("hosts/city:amman/role", vec!["hosts", "role"]),
            ("nothing", vec![]),
        ] {
            assert_eq!(field_names(event, &path(place)), names, "{place}");
            assert_eq!(
                field_at(event, &path(place)).map(|f| f.name),
                names.last().copied()
            );
        }
    }

    #[test]
    fn an_event_begins_with_title_dates_and_host() {
        let names: Vec<_> = first_fields(kind("event").expect("a kind"))
            .iter()
            .map(|field| field.name)
            .collect();
        for name in ["titles", "dates", "hosts"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }

    #[test]
    fn forms_know_whose_names_they_need() {
        let event = kind("event").expect("a kind");
        assert_eq!(
            linked_kinds(event.fields),
            ["city", "organisation", "product"]
        );
    }
}
