//! Targeted city actions.

use meltemi_core::id::RecordRef;

use super::super::ImportError;
use super::super::node::Node;
use super::super::plan::Plan;
use super::{Reader, organisation};

impl Reader {
    /// Reads the actions.
    pub(super) fn actions(&mut self, top: &Node<'_>) -> Result<(), ImportError> {
        let general = top.text("targeted_city_actions_ref")?;
        for node in top.nodes("targeted_city_actions")? {
            let mut plan = Plan::new("targeted_action", super::id(&node)?, node.place());
            let language = node.text("title_language")?.unwrap_or("en");
            plan.title(
                "titles",
                language,
                node.needed("title", "the action's title")?,
            );
            plan.field("number", node.number("number")?);
            plan.field("country", Some(self.places.country(&node)?));
            for place in node.texts("places")? {
                let city = self.places.city(place, &node.at("places"))?;
                plan.tag("places", city.to_string());
            }
            plan.field("place_detail", node.text("place_detail")?);
            plan.field("awarded_by", node.text("awarded_by")?.map(organisation));
            let earlier = node.text("follow_up_of")?;
            let earlier = earlier.map(|key| RecordRef::new("targeted_action", key).to_string());
            plan.field("follow_up_of", earlier);
            plan.field("source", node.text("ref")?.or(general));
            // How the review spells the place; the alias stands on the city.
            node.known(&["seed_label"]);
            node.warn_unread(&mut self.warnings);
            self.add(plan)?;
        }
        Ok(())
    }
}
