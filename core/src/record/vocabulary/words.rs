//! The words of each vocabulary.

use super::Vocabulary;

/// Every vocabulary, in the order of their names.
pub const VOCABULARIES: &[&Vocabulary] = &[
    &ACCESSIBILITY,
    &ACTION_STATUS,
    &AGREEMENT,
    &CAPABILITY,
    &CAPABILITY_INDICATOR,
    &CONFIDENTIALITY,
    &COUNTRY,
    &CURRENCY,
    &ENTITY_TYPE,
    &EVENT_STATUS,
    &EVENT_STEP,
    &EVENT_TYPE,
    &FRAMEWORK,
    &HOST_ROLE,
    &INTENT,
    &INVOLVEMENT,
    &LANGUAGE,
    &LEVEL,
    &LINK_CERTAINTY,
    &MODALITY,
    &ORGANISATION_TYPE,
    &ORIGIN_ROLE,
    &OUTCOME_DOMAIN,
    &OUTCOME_STATUS,
    &OUTCOME_TYPE,
    &PARTICIPATION,
    &PHASE,
    &PILLAR,
    &PRODUCT_TYPE,
    &PROGRAMME_ROLE,
    &REPORT_STEP,
    &REPORTED_TOTAL,
    &SESSION_TYPE,
    &SIGN,
    &STRENGTH,
    &VISIBILITY,
];

/// Arrangements that let everyone take part.
pub const ACCESSIBILITY: Vocabulary = Vocabulary::open(
    "accessibility",
    &[
        "step_free",
        "sign_language",
        "captions",
        "interpretation",
        "easy_language",
        "childcare",
        "prayer_room",
        "dietary",
    ],
);

/// How far a targeted city action is.
pub const ACTION_STATUS: Vocabulary = Vocabulary::closed(
    "action_status",
    &["planned", "running", "completed", "cancelled"],
);

/// How far somebody agrees with an outcome statement.
pub const AGREEMENT: Vocabulary = Vocabulary::closed("agreement", &["full", "partial", "none"]);

/// The five capabilities.
pub const CAPABILITY: Vocabulary =
    Vocabulary::closed("capability", &["c1", "c2", "c3", "c4", "c5"]);

/// The eighteen capability indicators.
pub const CAPABILITY_INDICATOR: Vocabulary = Vocabulary::open(
    "capability_indicator",
    &[
        "c1_1", "c1_2", "c1_3", "c2_1", "c2_2", "c2_3", "c3_1", "c3_2", "c3_3", "c4_1", "c4_2",
        "c4_3", "c4_4", "c4_5", "c5_1", "c5_2", "c5_3", "c5_4",
    ],
);

/// What may be told of an event outside it, loosest first.
pub const CONFIDENTIALITY: Vocabulary =
    Vocabulary::closed("confidentiality", &["open", "chatham_house", "closed"]);

/// Countries and jurisdictions, by ISO 3166 code in small letters. Labels use neutral wording.
pub const COUNTRY: Vocabulary = Vocabulary::open(
    "country",
    &[
        "at", "cm", "cy", "de", "dz", "eg", "es", "fr", "gr", "hr", "it", "jo", "ke", "lb", "ly",
        "ma", "mt", "ps", "pt", "si", "sy", "tn", "tr",
    ],
);

/// Currencies, by ISO 4217 code in small letters.
pub const CURRENCY: Vocabulary = Vocabulary::open(
    "currency",
    &[
        "eur", "chf", "usd", "mad", "tnd", "jod", "lbp", "ils", "gbp",
    ],
);

/// What kind of local government a participant is.
pub const ENTITY_TYPE: Vocabulary = Vocabulary::open(
    "entity_type",
    &[
        "city",
        "metropolis",
        "city_and_metropolis",
        "municipal_fund",
        "region",
        "group",
    ],
);

/// Whether an event took place.
pub const EVENT_STATUS: Vocabulary =
    Vocabulary::closed("event_status", &["held", "postponed", "cancelled"]);

/// The steps of an event's life, in their order.
pub const EVENT_STEP: Vocabulary = Vocabulary::closed(
    "event_step",
    &[
        "background",
        "invitation",
        "report",
        "thematic_report",
        "note",
        "followup_3m",
        "followup_6m",
        "followup_12m",
    ],
);

/// Forms of peer learning.
pub const EVENT_TYPE: Vocabulary = Vocabulary::open(
    "event_type",
    &[
        "peer_learning",
        "launch",
        "study_visit",
        "webinar",
        "peer_review",
        "city_to_city",
        "staff_exchange",
        "conference",
    ],
);

/// International policy frameworks.
pub const FRAMEWORK: Vocabulary = Vocabulary::open(
    "framework",
    &[
        "new_urban_agenda",
        "global_compact_migration",
        "global_compact_refugees",
        "agenda_2030",
        "sdg_4",
        "sdg_11_1",
        "charter_agenda_rights_city",
        "marrakech_declaration",
        "lampedusa_charter",
    ],
);

/// What a host, co-organiser or guest does at an event.
pub const HOST_ROLE: Vocabulary = Vocabulary::open(
    "host_role",
    &[
        "host",
        "co_host",
        "organiser",
        "facilitator",
        "case_study",
        "observer",
    ],
);

/// Whether a change was sought.
pub const INTENT: Vocabulary = Vocabulary::closed("intent", &["intended", "unintended"]);

/// How a place takes part beside its participation.
pub const INVOLVEMENT: Vocabulary = Vocabulary::open(
    "involvement",
    &[
        "guest_case_study",
        "interviewed",
        "action_place",
        "partner_of_participant",
        "partner_seat",
    ],
);

/// Languages, by ISO 639 code.
pub const LANGUAGE: Vocabulary = Vocabulary::open(
    "language",
    &["ar", "de", "en", "es", "fr", "it", "pt", "tr"],
);

/// On which level something changed.
pub const LEVEL: Vocabulary = Vocabulary::closed(
    "level",
    &["individual", "institutional", "collective", "contextual"],
);

/// How sure it is that a product belongs to an event.
pub const LINK_CERTAINTY: Vocabulary = Vocabulary::closed(
    "link_certainty",
    &["stated", "inferred", "candidates", "not_linked"],
);

/// How people meet.
pub const MODALITY: Vocabulary = Vocabulary::closed("modality", &["in_person", "online", "hybrid"]);

/// Kinds of organisations.
pub const ORGANISATION_TYPE: Vocabulary = Vocabulary::open(
    "organisation_type",
    &[
        "consortium_partner",
        "donor",
        "facilitator",
        "reviewer",
        "city_network",
        "network",
        "municipal_fund",
        "civil_society",
        "international_organisation",
        "research_institute",
        "national_authority",
        "private_sector",
        "municipality",
    ],
);

/// What a city is to people on the move.
pub const ORIGIN_ROLE: Vocabulary =
    Vocabulary::closed("origin_role", &["departure", "transit", "destination"]);

/// Domains of institutional performance.
pub const OUTCOME_DOMAIN: Vocabulary = Vocabulary::open(
    "outcome_domain",
    &[
        "inner_workings",
        "external_environment",
        "socio_political_context",
    ],
);

/// How well an outcome is established.
pub const OUTCOME_STATUS: Vocabulary = Vocabulary::closed(
    "outcome_status",
    &[
        "draft",
        "formulated",
        "verified",
        "substantiated",
        "rejected",
        "withdrawn",
    ],
);

/// What changed.
pub const OUTCOME_TYPE: Vocabulary = Vocabulary::open(
    "outcome_type",
    &[
        "behaviour",
        "relationship",
        "policy",
        "practice",
        "action",
        "activity",
        "agenda",
    ],
);

/// Whether a place is one of the programme's participants.
pub const PARTICIPATION: Vocabulary = Vocabulary::closed(
    "participation",
    &["participant", "former_participant", "not_participant"],
);

/// Phases, by the key of their entry in the programme record.
pub const PHASE: Vocabulary = Vocabulary::open("phase", &["phase1", "phase2", "phase3"]);

/// Pillars, by the key of their entry in the programme record.
pub const PILLAR: Vocabulary = Vocabulary::open("pillar", &["knowledge", "dialogue", "action"]);

/// Kinds of knowledge products.
pub const PRODUCT_TYPE: Vocabulary = Vocabulary::open(
    "product_type",
    &[
        "background_document",
        "learning_report",
        "discussion_report",
        "thematic_learning_report",
        "peer_learning_note",
        "migration_profile",
        "synthesis_report",
        "case_study",
        "policy_recommendation_note",
        "city_priority_paper",
        "toolkit",
        "mooc",
        "covid19_thematic_report",
    ],
);

/// What an organisation does in a programme.
pub const PROGRAMME_ROLE: Vocabulary = Vocabulary::open(
    "programme_role",
    &[
        "donor",
        "lead",
        "partner",
        "facilitator",
        "originator",
        "implementer",
        "reviewer",
    ],
);

/// What a total stated by a source counts.
pub const REPORTED_TOTAL: Vocabulary = Vocabulary::open(
    "reported_total",
    &[
        "cities",
        "peer_learning_events",
        "host_countries",
        "host_cities",
        "virtual_events",
        "background_documents",
        "learning_reports",
        "thematic_learning_reports",
        "case_studies",
        "migration_profiles",
        "targeted_city_actions",
        "interviews",
        "phase_cities",
    ],
);

/// The steps of an event report, in their order.
pub const REPORT_STEP: Vocabulary = Vocabulary::closed(
    "report_step",
    &["drafted", "reviewed", "approved", "published"],
);

/// What happens in a session.
pub const SESSION_TYPE: Vocabulary = Vocabulary::open(
    "session_type",
    &[
        "presentation",
        "case_study",
        "guided_discussion",
        "fishbone",
        "stakeholder_mapping",
        "needs_mapping",
        "role_play",
        "personas",
        "scenario",
        "game",
        "field_visit",
        "dive_in",
        "mentoring",
    ],
);

/// Whether a change is for the better.
pub const SIGN: Vocabulary = Vocabulary::closed("sign", &["positive", "negative", "mixed"]);

/// How much something contributed.
pub const STRENGTH: Vocabulary = Vocabulary::closed("strength", &["weak", "moderate", "strong"]);

/// Who may see a record, widest first: the words of [`super::Class`].
pub const VISIBILITY: Vocabulary = Vocabulary::closed(
    "visibility",
    &[
        "public",
        "peers",
        "consortium",
        "city_private",
        "personal",
        "chatham",
    ],
);
