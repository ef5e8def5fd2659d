//! The contradictions of the review: each stands as a note on the records it is about.

use meltemi_core::id::RecordRef;

use super::super::ImportError;
use super::super::node::Node;
use super::Reader;

/// Kind and key of records.
type Records = &'static [(&'static str, &'static str)];

/// A contradiction and where it belongs.
struct About {
    id: &'static str,
    /// Whether the import has settled it.
    resolved: bool,
    /// The records it is about.
    records: Records,
    /// How it was dealt with, or is to be.
    answer: &'static str,
}

const fn open(id: &'static str, records: Records, answer: &'static str) -> About {
    About {
        id,
        resolved: false,
        records,
        answer,
    }
}

const fn resolved(id: &'static str, records: Records, answer: &'static str) -> About {
    About {
        id,
        resolved: true,
        records,
        answer,
    }
}

/// The contradictions. Those that are about no record (labels, page numbers, figures on migration)
/// are not listed.
const ABOUT: &[About] = &[
    open(
        "inc01",
        &[("event", "ev13")],
        "December 2021 is shown; to be settled by someone who was there.",
    ),
    open(
        "inc02",
        &[("event", "ev14")],
        "March 2021 is shown: documents from outside the review name 16 to 18 March 2021.",
    ),
    open(
        "inc03",
        &[("event", "ev15")],
        "April 2021 is shown: the body names it three times. The annex may have the dates of three events of 2021 in the wrong rows.",
    ),
    open(
        "inc04",
        &[("event", "ev02")],
        "November 2016 is shown: all other places name it.",
    ),
    open(
        "inc05",
        &[("event", "ev05")],
        "March 2017 is shown; the event may have spanned both months.",
    ),
    resolved(
        "inc06",
        &[("event", "ev13")],
        "The annex title is the title, the theme in the body a theme tag.",
    ),
    resolved(
        "inc07",
        &[("event", "ev11")],
        "The annex title is the title, the theme in the body a theme tag.",
    ),
    resolved(
        "inc08",
        &[("event", "ev14")],
        "The annex title is the title, the theme in the body a theme tag.",
    ),
    resolved(
        "inc09",
        &[("event", "ev12"), ("event", "ev16")],
        "The annex titles are the titles, the theme in the body is a theme tag of both.",
    ),
    open(
        "inc10",
        &[
            ("event", "ev08"),
            ("event", "ev12"),
            ("product", "kp25"),
            ("product", "kp26"),
        ],
        "Which of the two events each report belongs to is open; both are linked as candidates.",
    ),
    open(
        "inc11",
        &[("programme", "mc2cm"), ("event", "ev08")],
        "Each event names its phase; none is derived from its year.",
    ),
    resolved(
        "inc12",
        &[("programme", "mc2cm")],
        "It stands with phase 2 and is not counted as an event.",
    ),
    open(
        "inc13",
        &[("programme", "mc2cm")],
        "No record was made; to be checked with the partners.",
    ),
    resolved(
        "inc14",
        &[("city", "famsi"), ("city", "lyon")],
        "The type of entity says what each one is.",
    ),
    resolved(
        "inc15",
        &[("city", "chefchaouen")],
        "It is a place that is not a participant.",
    ),
    open(
        "inc16",
        &[("city", "oujda"), ("city", "sousse")],
        "The interview is linked to the city, not to an event.",
    ),
    resolved(
        "inc17",
        &[("programme", "mc2cm")],
        "Every place of an action is linked; how many are participants is computed.",
    ),
    open(
        "inc18",
        &[("city", "sousse"), ("outcome", "oc05")],
        "To be checked: no action of Sousse is listed.",
    ),
    open(
        "inc19",
        &[("targeted_action", "tca21"), ("outcome", "oc06")],
        "To be checked: whether both describe the same action.",
    ),
    open(
        "inc20",
        &[("programme", "mc2cm")],
        "The awarding organisation stays empty until somebody knows it.",
    ),
    resolved(
        "inc21",
        &[("product", "kp24")],
        "One product with two types; counted once.",
    ),
    open(
        "inc22",
        &[("product", "kp24"), ("product", "kp29")],
        "Not linked to an event.",
    ),
    open(
        "inc23",
        &[("event", "ev10")],
        "To be checked: no such report is listed.",
    ),
    open(
        "inc24",
        &[("programme", "mc2cm")],
        "The stated totals are kept as reported; which events lack a document is open.",
    ),
    open(
        "inc25",
        &[("programme", "mc2cm")],
        "Coverage is computed from the profiles listed.",
    ),
    open(
        "inc26",
        &[("product", "kp29")],
        "Entered as a thematic learning report.",
    ),
    open(
        "inc32",
        &[("product", "kp14")],
        "No address was entered; to be looked up.",
    ),
];

impl Reader {
    /// Puts each contradiction on its records.
    pub(super) fn inconsistencies(&mut self, top: &Node<'_>) -> Result<(), ImportError> {
        for node in top.nodes("inconsistencies")? {
            let id = super::id(&node)?;
            let what = node.needed("what", "what contradicts what")?;
            let source = node.text("where")?;
            // What the makers of the file resolved is carried out by this importer.
            node.known(&["kind", "resolution"]);
            node.warn_unread(&mut self.warnings);
            let Some(about) = ABOUT.iter().find(|about| about.id == id) else {
                continue;
            };
            for (kind, key) in about.records {
                let Some(plan) = self.find(&RecordRef::new(*kind, *key)) else {
                    let place = node.place();
                    self.warnings.push(format!(
                        "{place}: the file has no {kind} {key} to note it on"
                    ));
                    continue;
                };
                let note = plan.note(id, what, source);
                plan.set(note.clone().join("answer"), Some(about.answer));
                plan.set(note.join("resolved"), Some(about.resolved));
            }
        }
        Ok(())
    }
}
