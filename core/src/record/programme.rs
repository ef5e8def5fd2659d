//! The programme: what the records are about, and the totals its sources state.
//! Here are also the fields on sources with which the declaration of every kind ends.

use super::vocabulary::{PROGRAMME_ROLE, REPORTED_TOTAL};
use super::{Class, EntryKey, Field, Kind, Scalar};

/// The programme itself; one record, whose key is the programme's name in all documents.
pub const KIND: Kind = Kind {
    name: "programme",
    schema: 1,
    class: Class::Peers,
    title: &["names", "acronym"],
    owners: &[],
    fields: &[
        Field::by_language("names")
            .ask()
            .required()
            .section("basics"),
        Field::line("acronym").section("basics"),
        Field::text("objective").section("basics"),
        Field::value("period", Scalar::Dates)
            .ask()
            .required()
            .section("basics"),
        Field::value("website", Scalar::Url).section("basics"),
        Field::entries("donors", EntryKey::Link(&["organisation"]), PARTNER).section("partners"),
        Field::entries("partners", EntryKey::Link(&["organisation"]), PARTNER)
            .required()
            .section("partners"),
        Field::text("governance").section("partners"),
        Field::entries("pillars", EntryKey::Generated, PILLAR_FIELDS).section("structure"),
        Field::entries("phases", EntryKey::Generated, PHASE_FIELDS).section("structure"),
        // Groups smaller than this are not shown outside the consortium; 5 when empty.
        Field::value("suppression_threshold", Scalar::Integer { min: 0 })
            .ask()
            .section("settings"),
        Field::value("retention_years", Scalar::Integer { min: 0 })
            .ask()
            .section("settings"),
        // Totals which a source states and no record itemises. Never typed where they can be counted.
        Field::entries("reported_totals", EntryKey::Generated, REPORTED).section("reported"),
        SOURCE,
        SOURCE_NOTES,
    ],
};

/// Where the facts of a record come from.
pub(super) const SOURCE: Field = Field::line("source").section("sources");

/// What the sources leave open about a record, and facts from other sources.
pub(super) const SOURCE_NOTES: Field = Field::entries(
    "source_notes",
    EntryKey::Generated,
    &[
        Field::line("what"),
        Field::line("source"),
        // How it was dealt with, or is to be.
        Field::line("answer"),
        Field::value("resolved", Scalar::Flag),
    ],
)
.section("sources");

const PARTNER: &[Field] = &[Field::code("role", &PROGRAMME_ROLE), Field::line("note")];

const PILLAR_FIELDS: &[Field] = &[
    Field::line("label"),
    Field::line("outputs"),
    Field::value("order", Scalar::Integer { min: 0 }),
];

const PHASE_FIELDS: &[Field] = &[
    Field::line("label"),
    Field::value("dates", Scalar::Dates).ask(),
    Field::text("objective"),
    Field::line("theme_selection"),
    Field::link("launch_city", &["city"]),
    Field::value("launch_dates", Scalar::Dates),
    Field::value("order", Scalar::Integer { min: 0 }),
];

const REPORTED: &[Field] = &[
    Field::code("of", &REPORTED_TOTAL).required(),
    Field::value("value", Scalar::Integer { min: 0 })
        .ask()
        .required(),
    // What it is restricted to, such as a phase or an organisation.
    Field::line("within"),
    Field::line("source").required(),
];

#[cfg(test)]
mod tests {
    use super::super::{KINDS, Merge, Shape, kind};
    use super::*;
    use crate::record::vocabulary::{VOCABULARIES, is_word};
    use crate::record::{Member, Vocabulary};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Names at the root of a document that are no fields.
    const RESERVED: &[&str] = &[
        "programme",
        "kind",
        "key",
        "schema",
        "settlements",
        "removed",
    ];

    /// Calls `check` with every field of every kind, nested ones included, and a name for messages.
    fn every_field(check: impl Fn(&str, &Field)) {
        fn descend(place: &str, fields: &[Field], check: &dyn Fn(&str, &Field)) {
            for field in fields {
                let place = format!("{place}.{}", field.name);
                check(&place, field);
                if let Shape::Entries(_, fields) = &field.shape {
                    descend(&place, fields, check);
                }
            }
        }
        for kind in KINDS {
            descend(kind.name, kind.fields, &check);
        }
    }

    fn assert_names(place: &str, fields: &[Field]) {
        for (at, field) in fields.iter().enumerate() {
            assert!(is_word(field.name), "{place}.{}", field.name);
            assert!(
                !RESERVED.contains(&field.name),
                "{place}.{} is reserved",
                field.name
            );
            assert!(
                fields[..at].iter().all(|other| other.name != field.name),
                "{place}.{} is declared twice",
                field.name
            );
        }
    }

    #[test]
    fn field_names_are_words_and_stand_once_and_are_not_reserved() {
        for kind in KINDS {
            assert_names(kind.name, kind.fields);
        }
        every_field(|place, field| {
            if let Shape::Entries(_, fields) = &field.shape {
                assert_names(place, fields);
            }
        });
    }

    #[test]
    fn links_lead_to_kinds_that_exist() {
        let check = |place: &str, kinds: &[&str]| {
            assert!(!kinds.is_empty(), "{place}");
            for name in kinds {
                assert!(kind(name).is_some(), "{place} links to {name}");
            }
        };
        every_field(|place, field| match &field.shape {
            Shape::Value(Scalar::Link(kinds))
            | Shape::Tags(Member::Link(kinds))
            | Shape::Entries(EntryKey::Link(kinds), _) => check(place, kinds),
            _ => {}
        });
    }

    #[test]
    fn titles_are_fields() {
        for kind in KINDS {
            assert!(!kind.title.is_empty(), "{}", kind.name);
            for title in kind.title {
                assert!(kind.field(title).is_some(), "{}.{title}", kind.name);
            }
        }
    }

    #[test]
    fn owners_are_fields_that_link_to_bodies() {
        let links = |field: &Field| match &field.shape {
            Shape::Value(Scalar::Link(kinds))
            | Shape::Tags(Member::Link(kinds))
            | Shape::Entries(EntryKey::Link(kinds), _) => *kinds,
            _ => &[],
        };
        for kind in KINDS {
            for name in kind.owners {
                let kinds = kind.field(name).map_or(&[][..], links);
                let bodies = |k: &&str| ["city", "organisation"].contains(k);
                assert!(
                    !kinds.is_empty() && kinds.iter().all(bodies),
                    "{}.{name}",
                    kind.name
                );
            }
        }
    }

    #[test]
    fn entries_hold_what_their_key_allows() {
        every_field(|place, field| {
            let Shape::Entries(key, fields) = &field.shape else {
                return;
            };
            for nested in *fields {
                let place = format!("{place}.{}", nested.name);
                assert!(nested.section.is_empty(), "{place} has a section");
                match key {
                    // A flat key holds one register.
                    EntryKey::Link(_) => {
                        assert!(matches!(nested.shape, Shape::Value(_)), "{place}")
                    }
                    EntryKey::Fixed(_) | EntryKey::Generated => {
                        assert!(!matches!(nested.shape, Shape::Entries(..)), "{place}")
                    }
                }
            }
            if let EntryKey::Fixed(vocabulary) = key {
                assert!(
                    !vocabulary.open,
                    "{place}: fixed entries exist from genesis on"
                );
            }
        });
    }

    #[test]
    fn only_registers_ask_and_only_words_in_an_order_are_strict() {
        every_field(|place, field| match field.merge {
            Merge::Ask => {
                assert!(
                    matches!(field.shape, Shape::Value(_) | Shape::ByLanguage),
                    "{place}"
                )
            }
            Merge::Strictest => assert!(
                matches!(&field.shape, Shape::Value(Scalar::Code(words)) if !words.open),
                "{place}"
            ),
            Merge::Quiet => {}
        });
    }

    #[test]
    fn every_top_level_field_has_a_section_and_a_schema() {
        for kind in KINDS {
            for field in kind.fields {
                assert!(!field.section.is_empty(), "{}.{}", kind.name, field.name);
                assert!(
                    (1..=kind.schema).contains(&field.since),
                    "{}.{}",
                    kind.name,
                    field.name
                );
            }
        }
    }

    #[test]
    fn every_vocabulary_in_use_is_listed() {
        let listed = |vocabulary: &Vocabulary| VOCABULARIES.contains(&vocabulary);
        every_field(|place, field| match &field.shape {
            Shape::Value(Scalar::Code(vocabulary))
            | Shape::Tags(Member::Code(vocabulary))
            | Shape::Entries(EntryKey::Fixed(vocabulary), _) => {
                assert!(listed(vocabulary), "{place}")
            }
            _ => {}
        });
    }
}
