//! Outcomes that the review tells as examples.

use super::super::ImportError;
use super::super::node::Node;
use super::super::plan::Plan;
use super::Reader;

/// Who coded the outcomes.
const CODING: &str = "The review tells this as an example. Type, level and capability were coded \
                      from its text and are to be validated by a person.";

impl Reader {
    /// Reads the outcomes.
    pub(super) fn outcomes(&mut self, top: &Node<'_>) -> Result<(), ImportError> {
        // Says how the outcomes were coded, which each one notes in the words below.
        top.known(&["harvested_outcomes_note"]);
        for node in top.nodes("harvested_outcomes")? {
            let mut plan = Plan::new("outcome", super::id(&node)?, node.place());
            plan.field("statement", Some(node.needed("change", "what changed")?));
            plan.field("status", Some("draft"));
            self.actors(&node, &mut plan)?;
            plan.field("outcome_type", node.text("type")?);
            plan.field("level", node.text("level")?);
            if let Some(capability) = node.text("capability")? {
                plan.tag("capabilities", capability.to_ascii_lowercase());
            }
            plan.field("contribution", node.text("contribution")?);
            let mut others = Vec::new();
            for name in node.texts("inspired_by")? {
                match self.places.find(name) {
                    Some(city) => {
                        plan.entry_about("inspired_by", city);
                    }
                    None => others.push(name),
                }
            }
            plan.field(
                "inspired_by_others",
                (!others.is_empty()).then(|| others.join("; ")),
            );
            plan.field("source", node.text("ref")?);
            plan.note("coding", CODING, None);
            node.warn_unread(&mut self.warnings);
            self.add(plan)?;
        }
        Ok(())
    }

    /// Links the places that the actor names: `tunis+sfax`, `network (lead Lampedusa, Sfax)`.
    /// What is more than the name of one place stays as a note.
    fn actors(&self, node: &Node<'_>, plan: &mut Plan) -> Result<(), ImportError> {
        let actor = node.needed("actor", "who changed something")?;
        let names = actor.split(['+', ',', '(', ')']).map(str::trim);
        let names = names.map(|name| name.strip_prefix("lead ").unwrap_or(name));
        let cities: Vec<_> = names.filter_map(|name| self.places.find(name)).collect();
        for city in &cities {
            plan.tag("actors", city.to_string());
        }
        let plain = cities.len() == 1 && self.places.find(actor).is_some();
        plan.field("actor_note", (!plain).then_some(actor));
        Ok(())
    }
}
