//! The programme record, with the totals its source states.

use meltemi_core::id::RecordRef;

use super::super::ImportError;
use super::super::node::Node;
use super::super::plan::{Claim, Plan};
use super::Reader;

/// Totals of the text that are called by another word in records.
const WORDS: &[(&str, &str)] = &[(
    "learning_reports_or_discussion_summaries",
    "learning_reports",
)];

impl Reader {
    /// Reads the programme and returns its key.
    pub(super) fn programme(&mut self, top: &Node<'_>) -> Result<String, ImportError> {
        let node = top.needed_node("project", "an object that describes the programme")?;
        let key = super::id(&node)?;
        let mut plan = Plan::new("programme", key, node.place());
        plan.title("names", "en", node.needed("name", "the programme's name")?);
        plan.field("acronym", node.text("acronym")?);
        if let Some(period) = node.node("period")? {
            let from = period.needed("from", "a year or date")?;
            let to = period.needed("to", "a year or date")?;
            plan.field("period", Some(format!("{from}/{to}")));
            period.warn_unread(&mut self.warnings);
        }
        plan.field("source", node.text("objective_ref")?);
        self.partners(&node, &mut plan)?;
        for (at, pillar) in node.nodes("pillars")?.iter().enumerate() {
            let id = super::id(pillar)?;
            let entry = plan.entry("pillars", id);
            plan.set(entry.clone().join("label"), Some(label(id)));
            plan.set(entry.clone().join("outputs"), pillar.text("outputs")?);
            plan.set(entry.join("order"), Some(at as u64 + 1));
            pillar.warn_unread(&mut self.warnings);
        }
        for (at, phase) in node.nodes("phases")?.iter().enumerate() {
            self.phase(phase, at as u64 + 1, &mut plan)?;
        }
        self.totals(top, &node, &mut plan)?;
        node.warn_unread(&mut self.warnings);
        self.add(plan)?;
        Ok(key.to_owned())
    }

    fn partners(&mut self, node: &Node<'_>, plan: &mut Plan) -> Result<(), ImportError> {
        for donor in node.nodes("funders")? {
            let record = RecordRef::new("organisation", super::id(&donor)?);
            let entry = plan.entry_about("donors", record);
            plan.set(entry.join("role"), Some("donor"));
            donor.known(&["name"]);
            donor.warn_unread(&mut self.warnings);
        }
        for partner in node.nodes("consortium")? {
            let record = RecordRef::new(
                "organisation",
                partner.needed("org", "an organisation's id")?,
            );
            let entry = plan.entry_about("partners", record);
            plan.set(entry.clone().join("role"), Some("partner"));
            let note = match (partner.text("role")?, partner.text("ref")?) {
                (Some(role), Some(source)) => Some(format!("{role} ({source})")),
                (role, source) => role.or(source).map(str::to_owned),
            };
            plan.set(entry.join("note"), note);
            partner.warn_unread(&mut self.warnings);
        }
        Ok(())
    }

    fn phase(&mut self, node: &Node<'_>, order: u64, plan: &mut Plan) -> Result<(), ImportError> {
        let id = super::id(node)?;
        let entry = plan.entry("phases", id);
        plan.set(entry.clone().join("label"), Some(label(id)));
        plan.set(entry.clone().join("order"), Some(order));
        plan.set(
            entry.clone().join("theme_selection"),
            node.text("theme_selection")?,
        );
        let (mut claims, mut sources) = (Vec::new(), Vec::new());
        for bounds in node.nodes("bounds_variants")? {
            let from = bounds.needed("from", "a year or date")?;
            let to = bounds.needed("to", "a year or date")?;
            let source = bounds.text("ref")?.unwrap_or("no source named");
            sources.push(source);
            claims.push(Claim {
                value: format!("{from}/{to}"),
                source: source.to_owned(),
            });
            bounds.warn_unread(&mut self.warnings);
        }
        plan.claims(entry.clone().join("dates"), claims);
        if let Some(launch) = node.node("launch_event")? {
            let city = launch.needed("city", "a city's id")?;
            let city = self.places.city(city, &launch.at("city"))?;
            plan.set(entry.clone().join("launch_city"), Some(city.to_string()));
            plan.set(entry.join("launch_dates"), launch.text("date")?);
            launch.known(&["ref", "counted_among_the_16"]);
            launch.warn_unread(&mut self.warnings);
        }
        if let Some(cities) = node.number("cities")? {
            let key = format!("phase_cities-{id}");
            total(
                plan,
                &key,
                "phase_cities",
                cities,
                Some(id),
                &sources.join("; "),
            );
        }
        node.warn_unread(&mut self.warnings);
        Ok(())
    }

    fn totals(
        &mut self,
        top: &Node<'_>,
        node: &Node<'_>,
        plan: &mut Plan,
    ) -> Result<(), ImportError> {
        let Some(stated) = node.node("stated_totals")? else {
            return Ok(());
        };
        let general = stated.text("ref")?.unwrap_or("no source named");
        // Totals of which the text says more exactly where they stand.
        let counts = top.node("knowledge_product_counts_only")?;
        let exact = counts
            .as_ref()
            .map(|counts| counts.text("note"))
            .transpose()?
            .flatten();
        for key in stated.keys() {
            let word = WORDS
                .iter()
                .find(|(from, _)| *from == key)
                .map_or(key, |(_, word)| word);
            match stated.get(key) {
                Some(value) if value.is_u64() => {
                    let Some(number) = stated.number(key)? else {
                        continue;
                    };
                    let counted = counts
                        .as_ref()
                        .map(|counts| counts.number(key))
                        .transpose()?;
                    if let Some(other) = counted.flatten().filter(|&other| other != number) {
                        self.warnings.push(format!(
                            "{}: {number}, but knowledge_product_counts_only says {other}; {number} was taken",
                            stated.at(key)
                        ));
                    }
                    let source = match counted {
                        Some(Some(_)) => exact.unwrap_or(general),
                        _ => general,
                    };
                    total(plan, key, word, number, None, source);
                }
                Some(value) if value.is_object() => {
                    let of = word.split_once("_by_").map_or(word, |(of, _)| of);
                    let Some(parts) = stated.node(key)? else {
                        continue;
                    };
                    for part in parts.keys() {
                        if let Some(number) = parts.number(part)? {
                            total(
                                plan,
                                &format!("{of}-{part}"),
                                of,
                                number,
                                Some(part),
                                general,
                            );
                        }
                    }
                }
                Some(value) if value.is_array() => {
                    let what = format!("{}: {}", label(word), stated.texts(key)?.join(", "));
                    plan.note(word, &what, Some(general));
                }
                _ => {}
            }
        }
        stated.warn_unread(&mut self.warnings);
        Ok(())
    }
}

fn total(plan: &mut Plan, key: &str, of: &str, value: u64, within: Option<&str>, source: &str) {
    let entry = plan.entry("reported_totals", key);
    plan.set(entry.clone().join("of"), Some(of));
    plan.set(entry.clone().join("value"), Some(value));
    plan.set(entry.clone().join("within"), within);
    plan.set(entry.join("source"), Some(source));
}

/// `phase1` as `Phase 1`, `peer_learning_notes` as `Peer learning notes`.
fn label(id: &str) -> String {
    let mut label = String::new();
    for c in id.chars() {
        if c == '_' || c == '-' {
            label.push(' ');
        } else if label.is_empty() {
            label.push(c.to_ascii_uppercase());
        } else {
            if c.is_ascii_digit() && label.ends_with(|c: char| c.is_alphabetic()) {
                label.push(' ');
            }
            label.push(c);
        }
    }
    label
}
