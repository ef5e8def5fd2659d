//! Organisations, and those that were interviewed.

use meltemi_core::id::RecordRef;

use super::super::ImportError;
use super::super::node::Node;
use super::super::plan::Plan;
use super::places::normal;
use super::{Reader, organisation};

impl Reader {
    /// Reads the organisations.
    pub(super) fn organisations(&mut self, top: &Node<'_>) -> Result<(), ImportError> {
        for node in top.nodes("organisations")? {
            let id = super::id(&node)?;
            let mut plan = Plan::new("organisation", id, node.place());
            plan.title(
                "names",
                "en",
                node.needed("name", "the organisation's name")?,
            );
            // Ids without a dash are the letters an organisation is known by.
            plan.field(
                "acronym",
                (!id.contains('-')).then(|| id.to_ascii_uppercase()),
            );
            plan.field("organisation_type", node.text("kind")?);
            plan.field("part_of", self.whole(id));
            let participant = RecordRef::new("city", id);
            if self.find(&participant).is_some() {
                plan.field("participant", Some(participant.to_string()));
            }
            plan.field("source", node.text("ref")?);
            node.warn_unread(&mut self.warnings);
            self.add(plan)?;
        }
        Ok(())
    }

    /// Reads who was interviewed: municipalities are cities, the others organisations. Those that
    /// the text lists nowhere else become organisations of their own.
    pub(super) fn interviews(&mut self, top: &Node<'_>) -> Result<(), ImportError> {
        for node in top.nodes("interview_organisations")? {
            let name = node.needed("organisation", "the organisation's name")?;
            let kind = node.text("kind")?;
            let number = node.number("number")?;
            let place = node.needed("place", "a place as city, country")?;
            let city = place.split(',').next().unwrap_or(place);
            let city = self.places.city(city, &node.at("place"))?;
            node.warn_unread(&mut self.warnings);
            if kind == Some("municipality") {
                let plan = self.named("city", &city.key, node.place())?;
                plan.field("interview_number", number);
                plan.tag("involvement", "interviewed");
                if normal(name) != normal(&city.key) {
                    plan.tag("aliases", name);
                }
                continue;
            }
            let key = self.interviewed(name);
            let reference = RecordRef::new("organisation", &key);
            if self.find(&reference).is_none() {
                let mut plan = Plan::new("organisation", &key, node.place());
                plan.title("names", "en", name);
                plan.field("organisation_type", kind);
                plan.field("part_of", self.whole(&key));
                self.add(plan)?;
            }
            let plan = self.named("organisation", &key, node.place())?;
            plan.field("interview_number", number);
            plan.field("seat", Some(city.to_string()));
        }
        Ok(())
    }

    /// The key of the organisation called `name`: of the one with that id or name, or a new one.
    fn interviewed(&self, name: &str) -> String {
        let known = self.plans.iter().find(|plan| {
            plan.reference.kind == "organisation"
                && (normal(&plan.reference.key) == normal(name)
                    || plan.names().any(|known| normal(known) == normal(name)))
        });
        known.map_or_else(|| slug(name), |plan| plan.reference.key.clone())
    }

    /// The organisation that the one with this key is a part of: `uclg` for `uclg-learning`.
    fn whole(&mut self, key: &str) -> Option<String> {
        let (whole, _) = key.split_once('-')?;
        self.find(&RecordRef::new("organisation", whole))
            .map(|_| organisation(whole))
    }
}

/// A key made of the letters and digits of a name.
fn slug(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let slug = words.map(normal).collect::<Vec<_>>().join("-");
    slug.chars().filter(|&c| c.is_ascii()).take(64).collect()
}
