//! Which texts the locale files must have for what records can hold.

use meltemi_core::id::RecordRef;
use meltemi_core::record::{EntryKey, Field, KINDS, Member, Scalar, Shape, Vocabulary};
use meltemi_core::view::Task;

use super::{failure, input, refused, status};

/// The keys under which the label of a field is looked for, in this order: first its own, then one
/// that several kinds share, then one of all fields of that name.
pub fn field(kind: &str, names: &[&str]) -> Vec<String> {
    let name = names.join(".");
    let mut keys = vec![format!("{kind}.field.{name}"), format!("field.{name}")];
    if let [_, .., last] = names {
        keys.push(format!("field.{last}"));
    }
    keys
}

/// The key of a word.
pub fn word(vocabulary: &str, word: &str) -> String {
    format!("word.{vocabulary}.{word}")
}

/// The key of what is to be done.
pub const fn task(task: Task) -> &'static str {
    match task {
        Task::Settle => "task.settle",
        Task::Overdue => "task.overdue",
        Task::StepOpen => "task.step_open",
        Task::Complete => "task.complete",
    }
}

/// The indicators that have a name in the locale files, and for those with a breakdown the
/// vocabulary of its words; `kind/` for records.
pub const INDICATORS: [(&str, &str); 13] = [
    ("events_by_country", "country"),
    ("events_per_phase", "phase"),
    ("online_share", "modality"),
    ("host_share", "city/"),
    ("participant_countries", "country"),
    ("background_coverage", ""),
    ("report_coverage", ""),
    ("profile_coverage", ""),
    ("products", "product_type"),
    ("actions_by_country", "country"),
    ("actions_by_awarder", "organisation/"),
    ("actions_with_participant", ""),
    ("participants_with_action", ""),
];

/// The record that a word of a breakdown names, if it names one: by itself, or as the key of a
/// record of the kind that this breakdown is by.
pub fn named(indicator: &str, word: &str) -> Option<RecordRef> {
    let kind = breakdown(indicator).strip_suffix('/');
    let key = kind.filter(|_| !word.contains('/'));
    match key {
        Some(kind) => format!("{kind}/{word}").parse().ok(),
        None => word.parse().ok(),
    }
}

/// The vocabulary of the words of a breakdown, or `kind/`.
pub fn breakdown(indicator: &str) -> &'static str {
    let mut all = INDICATORS.iter();
    all.find(|(id, _)| *id == indicator)
        .map_or("", |(_, by)| by)
}

/// Every text that records can call for: alternatives, of which one must be in each locale file.
pub fn all() -> Vec<Vec<String>> {
    let mut keys = Vec::new();
    for kind in KINDS {
        keys.push(vec![format!("kind.{}", kind.name)]);
        keys.push(vec![format!("new.{}", kind.name)]);
        for section in super::form::sections(kind) {
            keys.push(vec![format!("section.{}", section.name)]);
        }
        fields(kind.name, &[], kind.fields, &mut keys);
    }
    for notice in status::NOTICES {
        keys.push(vec![status::notice_key(notice).to_owned()]);
    }
    for known in [Task::Settle, Task::Overdue, Task::StepOpen, Task::Complete] {
        keys.push(vec![task(known).to_owned()]);
    }
    keys.extend(status::PLACES.map(|place| vec![place.key().to_owned()]));
    keys.extend(input::EXPECTED.map(|key| vec![key.to_owned()]));
    keys.extend(failure::CODES.map(|code| vec![format!("failure.{code}")]));
    keys.push(vec!["failure.other".to_owned()]);
    keys.extend(refused::CODES.map(|code| vec![format!("refusal.{code}")]));
    keys.extend(INDICATORS.map(|(id, _)| vec![format!("indicator.{id}")]));
    keys
}

fn fields(kind: &str, around: &[&str], list: &'static [Field], keys: &mut Vec<Vec<String>>) {
    for one in list {
        let mut names = around.to_vec();
        names.push(one.name);
        keys.push(field(kind, &names));
        match &one.shape {
            Shape::Value(Scalar::Code(vocabulary)) | Shape::Tags(Member::Code(vocabulary)) => {
                words(vocabulary, keys);
            }
            Shape::Entries(key, within) => {
                if let EntryKey::Fixed(vocabulary) = key {
                    words(vocabulary, keys);
                }
                fields(kind, &names, within, keys);
            }
            _ => {}
        }
    }
}

fn words(vocabulary: &Vocabulary, keys: &mut Vec<Vec<String>>) {
    keys.extend(
        vocabulary
            .words
            .iter()
            .map(|name| vec![word(vocabulary.name, name)]),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_named_by_their_records_and_countries_by_words() {
        let city = Some(RecordRef::new("city", "amman"));
        assert_eq!(named("host_share", "amman"), city);
        assert_eq!(named("host_share", "city/amman"), city);
        let awarder = Some(RecordRef::new("organisation", "medcities"));
        assert_eq!(
            named("actions_by_awarder", "organisation/medcities"),
            awarder
        );
        assert_eq!(named("events_by_country", "jo"), None);
        assert_eq!(named("of a newer version", "jo"), None);
    }
}
