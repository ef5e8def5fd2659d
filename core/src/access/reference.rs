//! The reference page of access, made from the table.

use std::fmt::Write;

use super::table::{CLASSES, of_role};
use super::{Answer, Role};
use crate::record::{Class, KINDS, Kind};

const INTRODUCTION: &str = "\
# Who may do what

This page is made from the table in `core/src/access/table.rs`; after changing it run
`cargo run -p meltemi-core --example access > docs/access.md`.

What a member may do with a record follows from the member's roles in the record's programme, from
the city or organisation the member belongs to, and from the record's kind, class and owners. It is
the same for the screens, for the engine and for HTTP. Where a member has several roles in a
programme, the best answer holds.

- A record's **class** is the word in its field `visibility`; an event has `confidentiality` instead, where `chatham_house` and `closed` mean the class `chatham`. An empty field means what the kind says, and so does an `open` event.
- The class is **not settled** while the field has several values, because people chose at the same time, or a word that is not known. Then it may be any class, and a member may do only what every class allows. That leaves the record to coordinators and to its owners, who are the ones to settle it.
- **Own** records belong to the body of the member: the fields that name the owners are listed below, and a city or an organisation owns its own record.
- Under **chatham** only those who were there may read. Facilitators and coordinators count as present, and so do the bodies that own the record: the hosts and co-organisers of an event. Guest cities and evaluators do not.
- Somebody without a role in the programme reads what is `public` of it, once signed in, and knows of nothing else. Who is not active, or not signed in, knows of nothing.
- A change must be allowed by what the record was before it and by what it is after it. A new record must be allowed by what it is.
- Only coordinators write the programme's own record.
- Documents that are no records, where the server keeps such, are written by every active member who knows their id, and are on no list.

In the tables **w** is reading and writing, **r** is reading, **–** is not even knowing that it exists.

## Owners

| Kind | Class unless the record says otherwise | Fields that name the owners |
|---|---|---|
";

/// The page, as Markdown.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    for kind in KINDS {
        let mut owners: Vec<_> = kind.owners.iter().map(|name| format!("`{name}`")).collect();
        if super::table::BODIES.contains(&kind.name) {
            owners.push("itself".to_owned());
        }
        line(
            &mut page,
            format_args!(
                "| `{}` | `{}` | {} |",
                kind.name,
                kind.class.word(),
                owners.join(", ")
            ),
        );
    }
    for role in Role::ALL {
        line(&mut page, format_args!("\n## `{}`\n", role.word()));
        page.push_str("| Kind | Whose |");
        for class in CLASSES {
            write(&mut page, format_args!(" {} |", class.word()));
        }
        page.push_str(" not settled |\n|---|---|---|---|---|---|---|---|---|\n");
        for kind in KINDS {
            for own in [true, false] {
                row(&mut page, role, own, kind);
            }
        }
    }
    page
}

fn row(page: &mut String, role: Role, own: bool, kind: &Kind) {
    let whose = if own { "own" } else { "other" };
    write(page, format_args!("| `{}` | {whose} |", kind.name));
    let columns = CLASSES.into_iter().map(Some).chain([None::<Class>]);
    for class in columns {
        let cell = match of_role(role, own, kind, class) {
            Answer::Write => "w",
            Answer::Read => "r",
            Answer::None => "–",
        };
        write(page, format_args!(" {cell} |"));
    }
    page.push('\n');
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    write(page, text);
    page.push('\n');
}

fn write(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text)
        .expect("writing to a string cannot fail");
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #[test]
    fn the_page_in_the_repository_is_up_to_date() {
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/access.md"));
        assert!(
            page == super::markdown(),
            "docs/access.md is out of date; run: \
             cargo run -p meltemi-core --example access > docs/access.md"
        );
    }
}
