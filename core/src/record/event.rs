//! Peer-learning events: the record that partners, host city and facilitator edit together.

use super::vocabulary::{
    ACCESSIBILITY, CAPABILITY_INDICATOR, CONFIDENTIALITY, CURRENCY, EVENT_STATUS, EVENT_STEP,
    EVENT_TYPE, FRAMEWORK, HOST_ROLE, LANGUAGE, MODALITY, PHASE, PILLAR, SESSION_TYPE,
};
use super::{Class, EntryKey, Field, Kind, Member, Scalar};

/// Whoever can host, own a step or propose a theme.
const BODIES: &[&str] = &["city", "organisation"];

/// A peer-learning event.
pub const KIND: Kind = Kind {
    name: "event",
    schema: 1,
    class: Class::Peers,
    title: &["titles"],
    owners: &["hosts", "co_organisers"],
    fields: &[
        Field::by_language("titles")
            .ask()
            .required()
            .section("basics"),
        Field::value("number", Scalar::Integer { min: 1 }).section("basics"),
        Field::code("event_type", &EVENT_TYPE)
            .required()
            .section("basics"),
        Field::text("description").section("basics"),
        Field::value("dates", Scalar::Dates)
            .ask()
            .required()
            .section("when_where"),
        Field::code("modality", &MODALITY)
            .ask()
            .required()
            .section("when_where"),
        Field::line("modality_reason").section("when_where"),
        Field::code("status", &EVENT_STATUS)
            .ask()
            .section("when_where"),
        Field::line("venue").section("when_where"),
        Field::tags("languages", Member::Code(&LANGUAGE)).section("when_where"),
        Field::tags("accessibility", Member::Code(&ACCESSIBILITY)).section("when_where"),
        Field::text("accessibility_note").section("when_where"),
        Field::code("confidentiality", &CONFIDENTIALITY)
            .strictest()
            .section("when_where"),
        Field::entries("hosts", EntryKey::Link(BODIES), ROLE)
            .required()
            .section("people"),
        Field::entries("co_organisers", EntryKey::Link(BODIES), ROLE).section("people"),
        Field::entries("guest_cities", EntryKey::Link(&["city"]), ROLE).section("people"),
        Field::text("objectives").section("theme"),
        Field::entries("guiding_questions", EntryKey::Generated, QUESTION).section("theme"),
        Field::tags("theme_tags", Member::Free).section("theme"),
        Field::entries("theme_proposals", EntryKey::Generated, PROPOSAL).section("theme"),
        Field::tags("concepts", Member::Free).section("theme"),
        Field::tags("target_capabilities", Member::Code(&CAPABILITY_INDICATOR)).section("theme"),
        Field::tags("frameworks", Member::Code(&FRAMEWORK)).section("theme"),
        Field::entries("sessions", EntryKey::Generated, SESSION).section("sessions"),
        Field::entries("steps", EntryKey::Fixed(&EVENT_STEP), STEP).section("steps"),
        Field::code("phase", &PHASE).ask().section("programme"),
        Field::code("pillar", &PILLAR).ask().section("programme"),
        // Whether totals of the programme count this event. An empty field counts.
        Field::value("counted", Scalar::Flag)
            .ask()
            .section("programme"),
        Field::entries("tasks", EntryKey::Generated, TASK).section("work"),
        Field::entries("budget_lines", EntryKey::Generated, BUDGET_LINE).section("work"),
        Field::entries("comments", EntryKey::Generated, COMMENT).section("discussion"),
        super::programme::SOURCE,
        super::programme::SOURCE_NOTES,
    ],
};

const ROLE: &[Field] = &[Field::code("role", &HOST_ROLE), Field::line("note")];

const QUESTION: &[Field] = &[
    Field::text("question"),
    Field::value("order", Scalar::Integer { min: 0 }),
];

const PROPOSAL: &[Field] = &[
    Field::link("by", BODIES),
    Field::text("text"),
    Field::text("reasons"),
    Field::tags("votes", Member::Link(&["city"])),
    Field::line("source"),
];

const SESSION: &[Field] = &[
    Field::code("session_type", &SESSION_TYPE),
    Field::line("title"),
    Field::value("start", Scalar::LocalTime).ask(),
    Field::value("minutes", Scalar::Integer { min: 0 }),
    Field::line("place"),
    Field::tags("facilitators", Member::Link(BODIES)),
    Field::code("target_capability", &CAPABILITY_INDICATOR),
    Field::text("purpose"),
    Field::value("order", Scalar::Integer { min: 0 }),
    Field::line("source"),
];

/// Done and waived ask each on its own: that both are set is a contradiction too, which views show.
const STEP: &[Field] = &[
    Field::link("owner", BODIES),
    Field::value("due", Scalar::Date),
    Field::value("done_at", Scalar::Date).ask(),
    Field::link("product", &["product"]),
    // Why the step is left out.
    Field::line("waived").ask(),
    Field::line("note"),
];

const TASK: &[Field] = &[
    Field::line("what"),
    Field::link("owner", BODIES),
    Field::value("due", Scalar::Date),
    Field::value("done_at", Scalar::Date),
    Field::text("note"),
];

const BUDGET_LINE: &[Field] = &[
    Field::line("label"),
    Field::value("amount", Scalar::Decimal).ask(),
    Field::code("currency", &CURRENCY).ask(),
];

const COMMENT: &[Field] = &[
    Field::text("text"),
    Field::link("by", BODIES),
    Field::value("at", Scalar::LocalTime),
    Field::value("resolved", Scalar::Flag),
];
