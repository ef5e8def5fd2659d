//! Participants and other places.

use super::super::ImportError;
use super::super::node::Node;
use super::super::plan::Plan;
use super::Reader;
use super::places::normal;

/// What the role of another place says about its involvement.
const INVOLVEMENT: &[(&str, &str)] = &[
    ("guest city", "guest_case_study"),
    ("interviewed", "interviewed"),
    ("(interview)", "partner_seat"),
    ("targeted city action", "action_place"),
    ("partner of", "partner_of_participant"),
];

impl Reader {
    /// Reads the participants, then the other places.
    pub(super) fn cities(&mut self, top: &Node<'_>) -> Result<(), ImportError> {
        for node in top.nodes("cities")? {
            let mut plan = self.place(&node)?;
            plan.field("participation", Some("participant"));
            if let Some(note) = node.text("note")? {
                plan.note("entity", note, node.text("ref")?);
            }
            node.warn_unread(&mut self.warnings);
            self.add(plan)?;
        }
        for node in top.nodes("other_places")? {
            let mut plan = self.place(&node)?;
            plan.field("participation", Some("not_participant"));
            plan.field("members", node.number("count")?);
            let role = node.text("role")?;
            plan.field("involvement_note", role);
            for (words, involvement) in INVOLVEMENT {
                if role.is_some_and(|role| role.contains(words)) {
                    plan.tag("involvement", *involvement);
                }
            }
            node.warn_unread(&mut self.warnings);
            self.add(plan)?;
        }
        Ok(())
    }

    fn place(&self, node: &Node<'_>) -> Result<Plan, ImportError> {
        let mut plan = Plan::new("city", super::id(node)?, node.place());
        let name = node.needed("name", "the name of the place")?;
        plan.title("names", "en", name);
        for alias in node
            .texts("aliases")?
            .into_iter()
            .chain(node.text("seed_label")?)
        {
            if normal(alias) != normal(name) {
                plan.tag("aliases", alias);
            }
        }
        plan.field(
            "entity_type",
            Some(node.text("entity_type")?.unwrap_or("city")),
        );
        plan.field("country", Some(self.places.country(node)?));
        node.known(&["iso2"]);
        plan.field("source", node.text("ref")?);
        Ok(plan)
    }
}
