//! Events and their reports, with what annex and body of the review say differently.

use meltemi_core::id::RecordRef;
use meltemi_core::record::FieldPath;

use super::super::ImportError;
use super::super::node::Node;
use super::super::plan::{Claim, Plan};
use super::places::normal;
use super::{Reader, organisation};

/// Hosts that only an outside source names: event, organisation, and the address of the source.
const OTHER_HOSTS: &[(&str, &str, &str)] = &[(
    "ev12",
    "famsi",
    "https://www.icmpd.org/our-work/projects/mc2cm",
)];

/// What the name of an activity says about the type of session.
const SESSION_TYPES: &[(&str, &str)] = &[
    ("fishbone", "fishbone"),
    ("field visit", "field_visit"),
    ("mapping of needs", "needs_mapping"),
    ("personas", "personas"),
    ("dive-in", "dive_in"),
    ("role play", "role_play"),
];

impl Reader {
    /// Reads the events.
    pub(super) fn events(&mut self, top: &Node<'_>) -> Result<(), ImportError> {
        for node in top.nodes("events")? {
            let id = super::id(&node)?;
            let plan = self.event(&node, id)?;
            self.add(plan)?;
            let mut report = Plan::new("event_report", id, node.place());
            report.field("event", Some(RecordRef::new("event", id).to_string()));
            self.add(report)?;
            node.warn_unread(&mut self.warnings);
        }
        Ok(())
    }

    fn event(&mut self, node: &Node<'_>, id: &str) -> Result<Plan, ImportError> {
        let mut plan = Plan::new("event", id, node.place());
        let annex = node.needed_node("annex", "what the annex says, an object")?;
        let title = annex.needed("theme", "the event's official title")?;
        plan.title("titles", "en", title);
        plan.field("number", node.number("number")?);
        // The annex lists peer-learning events that took place; they are the dialogue pillar.
        plan.field("event_type", Some("peer_learning"));
        plan.field("status", Some("held"));
        plan.field("counted", Some(true));
        plan.field("pillar", Some("dialogue"));
        plan.field("source", annex.text("ref")?);
        let host = annex.needed("city", "the host city's id")?;
        let host = plan.entry_about("hosts", self.places.city(host, &annex.at("city"))?);
        plan.set(host.join("role"), Some("host"));
        if let Some(modality) = node.node("modality")? {
            plan.field("modality", modality.text("value")?);
            if let Some((source, what)) = modality.text("basis")?.and_then(|it| it.split_once(": "))
            {
                plan.note("modality", what, Some(source));
            }
            modality.warn_unread(&mut self.warnings);
        }
        let claims = self.body(node, &annex, title, &mut plan)?;
        plan.claims(FieldPath::field("dates"), claims);
        if let Some(phase) = node.node("phase")? {
            let mut claims = Vec::new();
            for key in ["by_L145", "by_L283"] {
                if let Some(value) = phase.text(key)? {
                    let source = key.trim_start_matches("by_").to_owned();
                    claims.push(Claim {
                        value: value.to_owned(),
                        source,
                    });
                }
            }
            plan.claims(FieldPath::field("phase"), claims);
            phase.known(&["basis_for_by_L283"]);
            phase.warn_unread(&mut self.warnings);
        }
        node.known(&["phase_ambiguous"]);
        if let Some(proposer) = node.text("theme_proposed_by")? {
            let proposal = plan.entry("theme_proposals", "p1");
            plan.set(proposal.join("by"), Some(organisation(proposer)));
        }
        if node.flag("peer_learning_note")? {
            let step = FieldPath::field("steps").join("note");
            plan.set(
                step.join("note"),
                Some("A peer learning note was written; its date is not known."),
            );
        }
        self.external(node, id, &mut plan)?;
        annex.known(&["country"]);
        annex.warn_unread(&mut self.warnings);
        Ok(plan)
    }

    /// Reads what the body of the review says, and returns all that is said about the dates, what
    /// the text prefers first.
    fn body(
        &mut self,
        node: &Node<'_>,
        annex: &Node<'_>,
        title: &str,
        plan: &mut Plan,
    ) -> Result<Vec<Claim>, ImportError> {
        let claim = |value: &str, part: &str, source: Option<&str>| Claim {
            value: value.to_owned(),
            source: source.map_or(part.to_owned(), |source| format!("{part}, {source}")),
        };
        let mut claims = Vec::new();
        if let Some(date) = annex.text("date")? {
            claims.push(claim(date, "annex", annex.text("ref")?));
        }
        let (mut sessions, mut tools) = (0_u64, 0);
        for said in node.nodes("body")? {
            let source = said.text("ref")?;
            if let Some(date) = said.text("date")? {
                claims.push(claim(date, "body", source));
            }
            if let Some(theme) = said
                .text("theme")?
                .filter(|theme| normal(theme) != normal(title))
            {
                plan.tag("theme_tags", theme);
            }
            for concept in said.texts("concepts")? {
                plan.tag("concepts", concept);
            }
            for guest in said.texts("guest_cities")? {
                let city = self.places.city(guest, &said.at("guest_cities"))?;
                let entry = plan.entry_about("guest_cities", city);
                plan.set(entry.clone().join("role"), Some("case_study"));
                plan.set(entry.join("note"), source);
            }
            if let Some(activity) = said.text("activity")? {
                sessions += 1;
                let session = plan.entry("sessions", &format!("s{sessions}"));
                let known = SESSION_TYPES
                    .iter()
                    .find(|(words, _)| activity.contains(words));
                plan.set(
                    session.clone().join("session_type"),
                    known.map(|(_, word)| *word),
                );
                plan.set(session.clone().join("title"), Some(activity));
                plan.set(session.clone().join("order"), Some(sessions));
                plan.set(session.join("source"), source);
            }
            if let Some(tool) = said.text("tool")? {
                tools += 1;
                plan.note(&format!("tool{tools}"), &format!("Tool: {tool}"), source);
            }
            said.warn_unread(&mut self.warnings);
        }
        if let Some(preferred) = node.node("preferred")? {
            let date = preferred.needed("date", "the date to show")?;
            if claims.iter().all(|claim| claim.value != date) {
                claims.push(claim(date, "preferred", preferred.text("basis")?));
            }
            // A stable sort: within the preferred and the others the order of the text stays.
            claims.sort_by_key(|claim| claim.value != date);
            preferred.known(&["basis"]);
            preferred.warn_unread(&mut self.warnings);
        }
        Ok(claims)
    }

    /// Reads facts from outside the review: they go in as notes with their source.
    fn external(&mut self, node: &Node<'_>, id: &str, plan: &mut Plan) -> Result<(), ImportError> {
        for (at, fact) in node.nodes("external")?.iter().enumerate() {
            let what = fact.needed("fact", "the fact in a few words")?;
            let url = fact.text("url")?;
            plan.note(&format!("external{}", at + 1), what, url);
            for (_, host, source) in OTHER_HOSTS
                .iter()
                .filter(|(event, _, source)| *event == id && url == Some(*source))
            {
                let entry = plan.entry_about("hosts", RecordRef::new("organisation", *host));
                plan.set(entry.clone().join("role"), Some("co_host"));
                plan.set(entry.join("note"), Some(*source));
            }
            fact.warn_unread(&mut self.warnings);
        }
        Ok(())
    }
}
