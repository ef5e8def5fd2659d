//! The form in which the reference programme is written: facts of one published review, each with
//! the line it stands in, and what the review contradicts itself about.

mod actions;
mod cities;
mod events;
mod notes;
mod organisations;
mod outcomes;
mod places;
mod products;
mod programme;

use meltemi_core::id::{RecordRef, is_key};
use serde_json::Value;

use super::ImportError;
use super::node::{Node, wrong};
use super::plan::Plan;
use places::Places;

/// What was read: one plan for each record.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) programme: String,
    pub(super) plans: Vec<Plan>,
    pub(super) warnings: Vec<String>,
}

/// What the parts of the reader share.
#[derive(Debug)]
struct Reader {
    places: Places,
    plans: Vec<Plan>,
    warnings: Vec<String>,
}

/// Reads the whole text.
pub(super) fn read(value: &Value) -> Result<Read, ImportError> {
    let top = Node::top(value)?;
    // Definitions that are vocabularies here, explanations, and the expected values of tests.
    top.known(&[
        "meta",
        "capabilities",
        "indicators",
        "indicators_note",
        "golden_numbers",
    ]);
    let mut reader = Reader {
        places: Places::read(&top)?,
        plans: Vec::new(),
        warnings: Vec::new(),
    };
    let programme = reader.programme(&top)?;
    reader.cities(&top)?;
    reader.organisations(&top)?;
    reader.interviews(&top)?;
    reader.events(&top)?;
    reader.products(&top)?;
    reader.actions(&top)?;
    reader.outcomes(&top)?;
    reader.inconsistencies(&top)?;
    top.warn_unread(&mut reader.warnings);
    reader.check_links()?;
    Ok(Read {
        programme,
        plans: reader.plans,
        warnings: reader.warnings,
    })
}

impl Reader {
    /// Takes a plan in, unless there is one of that record.
    fn add(&mut self, plan: Plan) -> Result<(), ImportError> {
        if self.find(&plan.reference).is_some() {
            return Err(ImportError::Twice {
                place: plan.place,
                reference: plan.reference,
            });
        }
        self.plans.push(plan);
        Ok(())
    }

    /// The plan of a record.
    fn find(&mut self, reference: &RecordRef) -> Option<&mut Plan> {
        self.plans
            .iter_mut()
            .find(|plan| plan.reference == *reference)
    }

    /// The plan of a record that something at `place` names.
    fn named(
        &mut self,
        kind: &'static str,
        key: &str,
        place: &str,
    ) -> Result<&mut Plan, ImportError> {
        let missing = ImportError::NoSuch {
            place: place.to_owned(),
            what: kind,
            name: key.to_owned(),
        };
        self.find(&RecordRef::new(kind, key)).ok_or(missing)
    }

    /// Checks that every record named by another is in the text.
    fn check_links(&self) -> Result<(), ImportError> {
        for plan in &self.plans {
            for link in plan.links() {
                if self.plans.iter().all(|other| other.reference != link) {
                    let place = plan.place.clone();
                    return Err(ImportError::NoSuch {
                        place,
                        what: "record",
                        name: link.to_string(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// The id of a record, which becomes its key.
fn id<'a>(node: &Node<'a>) -> Result<&'a str, ImportError> {
    let id = node.needed("id", "an id such as ev01")?;
    if is_key(id) {
        Ok(id)
    } else {
        let expected = "an id of a-z, 0-9, _ or -, at most 64 characters";
        Err(wrong(&node.at("id"), &Value::from(id), expected))
    }
}

/// A reference to an organisation by its id.
fn organisation(key: &str) -> String {
    RecordRef::new("organisation", key).to_string()
}
