//! The reference page of all record kinds, made from their declarations.

use std::fmt::Write;

use super::vocabulary::VOCABULARIES;
use super::{Class, EntryKey, Field, KINDS, Kind, Member, Merge, Scalar, Shape, value};

const INTRODUCTION: &str = "\
# Records and their documents

Every record is one Automerge document. This page is made from the declarations in
`core/src/record/`; after changing them run `cargo run -p meltemi-core --example documents > docs/documents.md`.

## What all documents have in common

- The document id derives from programme, kind and key, so that two devices that create the same record while offline create the same document.
- The root holds the registers `programme`, `kind`, `key` and `schema`, the map `settlements`, the register `removed` once the record was removed, and the fields below. The first changes, one for each schema version, are the same bytes on every device and create all containers; nobody replaces a container.
- Positions in texts count UTF-16 code units.
- A register holds one value: text, whole number or flag. Emptying it writes `null`. A text object in a register is read as its string.
- Text in languages is a map from language code to a register.
- A set is a map from member to `true`, or `false` once taken out; added and taken out at the same time, the member stays.
- Entries are in a map. An entry has a map object of its own under a generated or fixed key, with all its containers; or it is keyed by a record and kept flat in the map of all entries, as `city/amman|role`, with `city/amman|present` set to `true`.
- A record or an entry is not deleted but marked: its register `removed` (`city/amman|removed` for a flat entry) holds the JSON text `{\"time\":…,\"reason\":…}`, and `null` once that was taken back.
- `settlements` has, under the path of a register, the JSON text `{\"chosen\":…,\"rejected\":[…],\"reason\":…}`.
- A path names a place in a record: `dates`, `titles/fr`, `steps/report/done_at`, `hosts/city:amman/role`.

When two people set the same register at the same time, the field's column \"Concurrent values\" says what happens:

- **ask**: all values are shown, and a person chooses.
- **quiet**: one of the values is shown; the other is in the history.
- **strictest**: the value that comes last in its vocabulary holds until a person chooses.
- **merge**: everything everybody wrote is kept.
";

/// The page, as Markdown.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    for kind in KINDS {
        kind_section(&mut page, kind);
    }
    page.push_str(
        "\n## Vocabularies\n\nA programme may use words of its own in an open vocabulary.\n\n",
    );
    page.push_str("| Vocabulary | Words |\n|---|---|\n");
    for vocabulary in VOCABULARIES {
        let words: Vec<String> = vocabulary
            .words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect();
        let open = if vocabulary.open { " (open)" } else { "" };
        line(
            &mut page,
            format_args!("| `{}`{open} | {} |", vocabulary.name, words.join(", ")),
        );
    }
    page
}

fn kind_section(page: &mut String, kind: &Kind) {
    line(page, format_args!("\n## `{}`\n", kind.name));
    line(
        page,
        format_args!(
            "Schema version {}. Seen by {} unless the record says otherwise. Called by its {}.\n",
            kind.schema,
            class(kind.class),
            kind.title
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", else "),
        ),
    );
    page.push_str(
        "| Field | Holds | Concurrent values | Required | Since |\n|---|---|---|---|---|\n",
    );
    for field in kind.fields {
        rows(page, field, "");
    }
}

fn rows(page: &mut String, field: &Field, around: &str) {
    let name = format!("{around}{}", field.name);
    line(
        page,
        format_args!(
            "| `{name}` | {} | {} | {} | {} |",
            holds(&field.shape),
            merge(field),
            if field.required { "yes" } else { "" },
            field.since,
        ),
    );
    if let Shape::Entries(key, fields) = &field.shape {
        let key = match key {
            EntryKey::Generated => "{key}",
            EntryKey::Fixed(_) => "{word}",
            EntryKey::Link(_) => "{kind:key}",
        };
        for inner in *fields {
            rows(page, inner, &format!("{name}/{key}/"));
        }
    }
}

fn holds(shape: &Shape) -> String {
    match shape {
        Shape::Value(Scalar::Code(vocabulary)) => format!("a word of `{}`", vocabulary.name),
        Shape::Value(Scalar::Link(kinds)) => format!("reference to {}", kinds_text(kinds)),
        Shape::Value(scalar) => value::expected(scalar),
        Shape::ByLanguage => "text in one line, for each language".to_owned(),
        Shape::Text => "text written together".to_owned(),
        Shape::Tags(Member::Code(vocabulary)) => format!("set of words of `{}`", vocabulary.name),
        Shape::Tags(Member::Free) => "set of short texts".to_owned(),
        Shape::Tags(Member::Link(kinds)) => format!("set of references to {}", kinds_text(kinds)),
        Shape::Entries(EntryKey::Generated, _) => "entries under generated keys".to_owned(),
        Shape::Entries(EntryKey::Fixed(vocabulary), _) => {
            format!("one entry for each word of `{}`", vocabulary.name)
        }
        Shape::Entries(EntryKey::Link(kinds), _) => {
            format!("entries keyed by {}", kinds_text(kinds))
        }
    }
}

fn merge(field: &Field) -> &'static str {
    match (&field.shape, field.merge) {
        (Shape::Text | Shape::Tags(_) | Shape::Entries(..), _) => "merge",
        (_, Merge::Ask) => "ask",
        (_, Merge::Quiet) => "quiet",
        (_, Merge::Strictest) => "strictest",
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Public => "anyone",
        Class::Peers => "everyone who takes part in the programme",
        Class::Consortium => "the partner organisations",
        Class::CityPrivate => "the city it is about and the coordinators",
        Class::Personal => "the person's own city and the organisers",
        Class::Chatham => "those who were present",
    }
}

fn kinds_text(kinds: &[&str]) -> String {
    kinds
        .iter()
        .map(|kind| format!("`{kind}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(page, "{text}").expect("writing to a string cannot fail");
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #[test]
    fn the_page_in_the_repository_is_up_to_date() {
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/documents.md"));
        assert!(
            page == super::markdown(),
            "docs/documents.md is out of date; run: \
             cargo run -p meltemi-core --example documents > docs/documents.md"
        );
    }
}
