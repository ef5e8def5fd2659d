//! Knowledge products. A row that repeats another one adds a type to it, not a record.

use meltemi_core::id::RecordRef;
use serde_json::Value;

use super::super::ImportError;
use super::super::node::{Node, wrong};
use super::super::plan::Plan;
use super::Reader;

impl Reader {
    /// Reads the products, then the rows that repeat one.
    pub(super) fn products(&mut self, top: &Node<'_>) -> Result<(), ImportError> {
        let general = top.text("knowledge_products_ref")?;
        let nodes = top.nodes("knowledge_products")?;
        let mut numbered = Vec::new();
        let mut repeated = Vec::new();
        for node in &nodes {
            let key = super::id(node)?;
            let product_type = node.needed("type", "the type of product")?;
            if node.text("duplicate_of")?.is_some() {
                repeated.push((node, key, product_type));
                continue;
            }
            let number = node.number("number")?;
            numbered.push((
                format!("{product_type} #{}", number.unwrap_or_default()),
                key,
            ));
            let mut plan = Plan::new("product", key, node.place());
            plan.tag("product_types", product_type);
            plan.field("number", number);
            self.title_and_city(node, product_type, &mut plan)?;
            events(node, &mut plan)?;
            plan.field("published", node.text("released")?);
            plan.field("source", node.text("ref")?.or(general));
            node.warn_unread(&mut self.warnings);
            self.add(plan)?;
        }
        for (node, key, product_type) in repeated {
            let name = node.needed("duplicate_of", "the product it repeats")?;
            let (_, first) = numbered
                .iter()
                .find(|(number, key)| number == name || *key == name)
                .ok_or_else(|| {
                    let expected = "the id, or the type and number, of a product of the file";
                    wrong(&node.at("duplicate_of"), &Value::from(name), expected)
                })?;
            node.known(&["title"]);
            node.warn_unread(&mut self.warnings);
            let plan = self.named("product", first, node.place())?;
            plan.tag("product_types", product_type);
            let what = format!("Listed a second time in the annex, as {product_type} ({key}).");
            plan.note(&format!("listed-{key}"), &what, general);
        }
        Ok(())
    }

    fn title_and_city(
        &self,
        node: &Node<'_>,
        product_type: &str,
        plan: &mut Plan,
    ) -> Result<(), ImportError> {
        let title = node.needed("title", "the product's title")?;
        let Some(name) = node.text("city")? else {
            plan.title("titles", "en", title);
            return Ok(());
        };
        let city = self.places.city(name, &node.at("city"))?;
        // All profiles have one title; a list of them must tell them apart.
        match self.name_of(&city) {
            Some(name) if product_type == "migration_profile" => {
                plan.title("titles", "en", &format!("{title}: {name}"));
            }
            _ => plan.title("titles", "en", title),
        }
        plan.tag("cities", city.to_string());
        Ok(())
    }

    fn name_of(&self, city: &RecordRef) -> Option<&str> {
        self.plans
            .iter()
            .find(|plan| plan.reference == *city)?
            .names()
            .next()
    }
}

/// The events a product may belong to, and how sure that is.
fn events(node: &Node<'_>, plan: &mut Plan) -> Result<(), ImportError> {
    let certainty = node.text("link_certainty")?;
    let candidates = node.texts("candidate_events")?;
    for event in &candidates {
        plan.tag("events", RecordRef::new("event", *event).to_string());
    }
    let word = match (certainty, candidates.len()) {
        (None, 0) => None,
        (None, _) => Some("stated"),
        (Some(_), 0) => Some("not_linked"),
        (Some(_), 1) => Some("inferred"),
        (Some(_), _) => Some("candidates"),
    };
    plan.field("link_certainty", word);
    plan.field("link_note", certainty);
    Ok(())
}
