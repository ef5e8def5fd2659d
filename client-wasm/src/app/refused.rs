//! Edits that the server has refused: why, in which words, and what of long texts is shown.

pub use meltemi_core::sync::status::RefusedEdits;

use meltemi_core::record::FieldPath;
use meltemi_core::record::path::Segment;
use meltemi_core::view::RecordView;
use meltemi_core::view::difference::{Change, Difference};
use serde_json::{Map, Value};

use super::protocol::Export;
use super::text::change::{common_prefix, common_suffix};

/// The reasons that have a text of their own in the locale files, as `refusal.{code}`.
pub const CODES: [&str; 19] = [
    "bad-changes",
    "bad-chunk",
    "bad-filter",
    "bad-message",
    "equivocation",
    "foreign-author",
    "kind-changed",
    "missing-dependencies",
    "no-kind",
    "not-allowed",
    "programme-full",
    "read-only",
    "server-full",
    "too-large",
    "too-many-heads",
    "too-many-operations",
    "unknown-kind",
    "wrong-genesis",
    "wrong-id",
];

/// Characters of a text that are shown around the place where it differs.
const SHOWN: usize = 400;

/// Characters before that place.
const BEFORE: usize = 80;

/// The key of the text for a reason; none for one this version does not know.
pub fn key(code: &str) -> Option<String> {
    let known = CODES.contains(&code);
    known.then(|| format!("refusal.{code}"))
}

/// A file for a person to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The file with the record as it would be with its refused edits, for programs.
pub fn whole_file(record: &str, export: Export) -> Option<File> {
    Some(File {
        name: format!("{record}-refused.automerge"),
        media: "application/octet-stream",
        bytes: hex::decode(export.bytes).ok()?,
    })
}

/// The file with what the refused edits would change, for people.
pub fn readable_file(record: &str, export: Export) -> Option<File> {
    Some(File {
        name: format!("{record}-refused.json"),
        media: "application/json",
        bytes: export.readable.into_bytes(),
    })
}

/// The record with the entries that the edits add, so that they can be called by their names.
pub fn with_added(view: &RecordView, differences: &[Difference]) -> RecordView {
    let mut view = view.clone();
    let added = differences.iter().filter(|it| it.what == Change::Added);
    for difference in added {
        if let Ok(path) = difference.path.parse::<FieldPath>() {
            put(&mut view.fields, path.segments(), &difference.after);
        }
    }
    view
}

/// Puts a value at a place below these fields.
pub(super) fn put(fields: &mut Map<String, Value>, path: &[Segment], value: &Value) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let name = match first {
        Segment::Name(name) => name.clone(),
        Segment::Record(record) => record.to_string(),
    };
    if rest.is_empty() {
        fields.insert(name, value.clone());
        return;
    }
    let inner = fields.entry(name).or_insert_with(|| Map::new().into());
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

/// Two texts cut to the place where they differ.
pub fn excerpts(before: &str, after: &str) -> (String, String) {
    let head = common_prefix(before, after);
    let start = before[..head].chars().rev().take(BEFORE);
    let start = head - start.map(char::len_utf8).sum::<usize>();
    let (a, b) = (&before[start..], &after[start..]);
    // Of what is the same behind the difference, as much as before it.
    let tail = common_suffix(&a[head - start..], &b[head - start..]);
    (
        excerpt(a, start > 0, a.len() - tail),
        excerpt(b, start > 0, b.len() - tail),
    )
}

fn excerpt(text: &str, cut: bool, differs_until: usize) -> String {
    let until = text[..differs_until].chars().count() + BEFORE;
    let most = until.min(SHOWN);
    let mut shown = String::new();
    if cut {
        shown.push('…');
    }
    match text.char_indices().nth(most) {
        Some((at, _)) => {
            shown.push_str(&text[..at]);
            shown.push('…');
        }
        None => shown.push_str(text),
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::id::DocumentId;
    use serde_json::json;

    #[test]
    fn long_texts_are_shown_where_they_differ() {
        assert_eq!(
            excerpts("one", "one two"),
            ("one".to_owned(), "one two".to_owned())
        );
        let same = "é".repeat(1000);
        let (before, after) = excerpts(&same, &format!("{same}x{same}"));
        assert_eq!(before, format!("…{}", "é".repeat(BEFORE)));
        assert!(after.starts_with('…') && after.ends_with('…'), "{after}");
        assert!(after.contains('x'));
        assert!(after.chars().count() <= SHOWN + 2);
        let (before, after) = excerpts("", &"a".repeat(60_000));
        assert_eq!((before.as_str(), after.chars().count()), ("", SHOWN + 1));
    }

    #[test]
    fn unknown_reasons_have_no_text() {
        assert_eq!(key("too-large").as_deref(), Some("refusal.too-large"));
        assert_eq!(key("of-a-newer-server"), None);
    }

    #[test]
    fn files_are_named_after_the_record() {
        let export = |bytes: &str| Export {
            bytes: bytes.to_owned(),
            readable: "{}".to_owned(),
        };
        let file = whole_file("ev14", export("0aff")).expect("a file");
        assert_eq!(file.name, "ev14-refused.automerge");
        assert_eq!(file.bytes, [10, 255]);
        assert_eq!(whole_file("ev14", export("x")), None);
        let file = readable_file("ev14", export("")).expect("a file");
        assert_eq!(
            (file.name.as_str(), &file.bytes[..]),
            ("ev14-refused.json", &b"{}"[..])
        );
    }

    #[test]
    fn entries_that_the_edits_add_can_be_called_by_their_names() {
        let mut view = RecordView {
            id: DocumentId::from_bytes([1; 16]),
            programme: String::new(),
            kind: "event".to_owned(),
            key: "ev14".to_owned(),
            schema: 1,
            newer_schema: false,
            heads: Vec::new(),
            fields: Map::new(),
            unknown: Vec::new(),
            conflicts: Vec::new(),
            settlements: Vec::new(),
            problems: Vec::new(),
            missing: Vec::new(),
            removed: None,
        };
        let added = |path: &str| Difference {
            path: path.to_owned(),
            what: Change::Added,
            before: Value::Null,
            after: json!({ "title": "Opening" }),
        };
        view.fields.insert("venue".to_owned(), json!("Library"));
        let all = [
            added("sessions/a1"),
            added("hosts/city:rabat"),
            added("not a path"),
        ];
        let shown = with_added(&view, &all).fields;
        let opening = json!({ "title": "Opening" });
        assert_eq!(shown["sessions"]["a1"], opening);
        assert_eq!(shown["hosts"]["city/rabat"], opening);
        assert_eq!((shown.len(), &shown["venue"]), (3, &json!("Library")));
    }
}
