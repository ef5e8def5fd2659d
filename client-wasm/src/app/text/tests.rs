//! Tests of writing together.

use proptest::prelude::*;

use super::change::{first_part, splices, units};
use super::merge::merge;
use super::*;

fn heads(n: u32) -> Vec<String> {
    vec![format!("{n:08x}")]
}

fn caret(at: usize) -> Selection {
    Selection { start: at, end: at }
}

/// What a worker does with splices.
fn apply(text: &str, splices: &[Splice]) -> String {
    let mut units: Vec<u16> = text.encode_utf16().collect();
    for splice in splices {
        let end = splice.at + splice.delete;
        units.splice(splice.at..end, splice.insert.encode_utf16());
    }
    String::from_utf16(&units).expect("splices do not cut characters in two")
}

#[test]
fn a_very_long_paste_is_sent_in_parts() {
    let mut text = CoText::new("before after", &heads(0));
    let pasted = "🏙b".repeat(EDIT_UNITS);
    let whole = format!("before {pasted}after");
    text.typed(&whole);
    let mut server = "before after".to_owned();
    let mut edits = 0;
    while let Some(edit) = text.outgoing() {
        let cost: usize = edit
            .splices
            .iter()
            .map(|it| it.delete + units(&it.insert))
            .sum();
        assert!(cost <= EDIT_UNITS, "{cost}");
        server = apply(&server, &edit.splices);
        edits += 1;
        assert_eq!(text.confirmed(&server, &heads(edits), caret(0)), None);
        assert_eq!(text.local(), whole);
    }
    assert!(text.is_saved());
    assert_eq!(server, whole);
    assert_eq!(edits, 4);
}

#[test]
fn typing_sends_what_was_typed_and_nothing_more() {
    let mut text = CoText::new("one two", &heads(1));
    assert_eq!(text.outgoing(), None);
    text.typed("one and two");
    let sent = text.outgoing().expect("an edit");
    assert_eq!(sent.base, heads(1));
    assert_eq!(
        sent.splices,
        [Splice {
            at: 4,
            delete: 0,
            insert: "and ".into()
        }]
    );
    // One edit at a time.
    text.typed("one and two, three");
    assert_eq!(text.outgoing(), None);
    assert_eq!(text.confirmed("one and two", &heads(2), caret(18)), None);
    assert!(!text.is_saved());
    let sent = text.outgoing().expect("the rest");
    assert_eq!(sent.base, heads(2));
    assert_eq!(
        sent.splices,
        [Splice {
            at: 11,
            delete: 0,
            insert: ", three".into()
        }]
    );
    text.confirmed("one and two, three", &heads(3), caret(18));
    assert!(text.is_saved());
}

#[test]
fn what_others_type_moves_the_caret_along() {
    let mut text = CoText::new("Objectives: learn.", &heads(1));
    text.typed("Objectives: learn together.");
    let shown = text
        .arrived("The Objectives: learn.", &heads(2), caret(26))
        .expect("a change");
    assert_eq!(shown.text, "The Objectives: learn together.");
    assert_eq!(shown.selection, caret(30));
    let sent = text.outgoing().expect("an edit");
    assert_eq!(sent.base, heads(2));
    assert_eq!(apply("The Objectives: learn.", &sent.splices), shown.text);
}

#[test]
fn an_answer_with_changes_of_others_keeps_what_was_typed_since() {
    let mut text = CoText::new("ab", &heads(1));
    text.typed("abX");
    text.outgoing().expect("an edit");
    text.typed("abXY");
    // Passed over: it is not known whether it holds the edit under way.
    assert_eq!(text.arrived("1ab", &heads(2), caret(4)), None);
    let shown = text
        .confirmed("1abX", &heads(3), caret(4))
        .expect("a change");
    assert_eq!((shown.text.as_str(), shown.selection), ("1abXY", caret(5)));
}

#[test]
fn a_refused_edit_is_not_lost() {
    let mut text = CoText::new("ab", &heads(1));
    text.typed("abc");
    text.outgoing().expect("an edit");
    text.refused();
    assert!(!text.is_saved());
    let shown = text.arrived("0ab", &heads(2), caret(3)).expect("a change");
    assert_eq!(shown.text, "0abc");
    assert_eq!(text.outgoing().expect("again").base, heads(2));
}

#[test]
fn the_text_area_is_left_alone_while_a_character_is_composed() {
    let mut text = CoText::new("ab", &heads(1));
    text.begin_composition();
    text.typed("ab´");
    assert_eq!(text.outgoing(), None);
    assert_eq!(text.arrived("0ab", &heads(2), caret(3)), None);
    assert_eq!(text.arrived("01ab", &heads(3), caret(3)), None);
    let shown = text.end_composition("abé", caret(3)).expect("a change");
    assert_eq!((shown.text.as_str(), shown.selection), ("01abé", caret(5)));
    assert_eq!(text.outgoing().expect("an edit").base, heads(3));
}

#[test]
fn an_answer_that_comes_while_composing_is_taken_afterwards() {
    let mut text = CoText::new("ab", &heads(1));
    text.typed("abc");
    text.outgoing().expect("an edit");
    text.begin_composition();
    text.typed("abc~");
    assert_eq!(text.confirmed("0abc", &heads(2), caret(4)), None);
    let shown = text.end_composition("abcñ", caret(4)).expect("a change");
    assert_eq!((shown.text.as_str(), shown.selection), ("0abcñ", caret(5)));
    assert_eq!(text.outgoing().expect("an edit").base, heads(2));
}

#[test]
fn a_large_replacement_does_not_hang() {
    let (old, new) = ("ab".repeat(20_000), "cd".repeat(20_000));
    assert_eq!(splices(&old, &new).len(), 1);
}

/// Few letters, so that texts resemble each other, and some that need two units.
fn some_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        proptest::sample::select(vec!['a', 'b', ' ', '\n', 'é', 'ع', '😀']),
        0..24,
    )
    .prop_map(|letters| letters.into_iter().collect())
}

/// Inserts `insert` at the given share of the text.
fn insert_at(text: &str, share: f64, insert: &str) -> (String, usize) {
    let letters: Vec<char> = text.chars().collect();
    let at = (share * letters.len() as f64) as usize;
    let mut out: String = letters[..at].iter().collect();
    let place = units(&out);
    out.push_str(insert);
    out.extend(&letters[at..]);
    (out, place)
}

proptest! {
    #[test]
    fn splices_lead_from_one_text_to_the_other(old in some_text(), new in some_text()) {
        prop_assert_eq!(apply(&old, &splices(&old, &new)), new);
    }

    #[test]
    fn no_character_of_either_side_is_lost(
        base in some_text(), a in 0.0..1.0f64, b in 0.0..1.0f64,
    ) {
        let (ours, _) = insert_at(&base, a, "<ours>");
        let (theirs, _) = insert_at(&base, b, "<theirs>");
        let (merged, _) = merge(&base, &ours, &theirs, caret(0));
        prop_assert!(merged.contains("<ours>") && merged.contains("<theirs>"), "{}", merged);
        prop_assert_eq!(merged.replace("<ours>", "").replace("<theirs>", ""), base);
    }

    #[test]
    fn merging_with_an_unchanged_side_gives_the_other(base in some_text(), other in some_text()) {
        prop_assert_eq!(merge(&base, &other, &base, caret(0)).0, other.clone());
        prop_assert_eq!(merge(&base, &base, &other, caret(0)).0, other);
    }

    #[test]
    fn the_caret_stays_behind_what_was_just_typed(
        base in some_text(), a in 0.0..1.0f64, theirs in some_text(),
    ) {
        let (ours, at) = insert_at(&base, a, "#");
        let (merged, moved) = merge(&base, &ours, &theirs, caret(at + 1));
        let before: String = String::from_utf16(
            &merged.encode_utf16().take(moved.start).collect::<Vec<_>>(),
        ).expect("the caret is between characters");
        prop_assert!(before.ends_with('#'), "{:?} {:?}", before, merged);
        prop_assert_eq!(moved.start, moved.end);
    }

    #[test]
    fn the_parts_of_an_edit_lead_to_the_same_text(
        old in some_text(), new in some_text(), most in 2_usize..9,
    ) {
        let mut text = old;
        while let Some((part, then)) = first_part(&text, &splices(&text, &new), most) {
            let cost: usize = part.iter().map(|it| it.delete + units(&it.insert)).sum();
            prop_assert!((1..=most).contains(&cost));
            text = apply(&text, &part);
            prop_assert_eq!(&text, &then);
        }
        prop_assert_eq!(apply(&text, &splices(&text, &new)), new);
    }

    #[test]
    fn two_writers_and_a_worker_end_with_the_same_text(
        start in some_text(), typed in proptest::collection::vec((any::<bool>(), some_text()), 1..6),
    ) {
        // The worker merges as the model does, which is enough to see that both follow it.
        let mut at = 0;
        let mut text = start.clone();
        let mut writers = [CoText::new(&start, &heads(0)), CoText::new(&start, &heads(0))];
        for (first, value) in typed {
            let (one, other) = if first { (0, 1) } else { (1, 0) };
            writers[one].typed(&value);
            if let Some(out) = writers[one].outgoing() {
                prop_assert_eq!(&out.base, &heads(at));
                text = apply(&text, &out.splices);
                at += 1;
                writers[one].confirmed(&text, &heads(at), caret(0));
            }
            writers[other].arrived(&text, &heads(at), caret(0));
        }
        prop_assert_eq!(writers[0].local(), text.as_str());
        prop_assert_eq!(writers[1].local(), text.as_str());
        prop_assert!(writers[0].is_saved() && writers[1].is_saved());
    }
}
