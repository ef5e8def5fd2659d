//! Outcomes: who changed what, and how peer learning contributed beside others.

use super::vocabulary::{
    AGREEMENT, CAPABILITY, CAPABILITY_INDICATOR, INTENT, LEVEL, OUTCOME_DOMAIN, OUTCOME_STATUS,
    OUTCOME_TYPE, SIGN, STRENGTH, VISIBILITY,
};
use super::{Class, EntryKey, Field, Kind, Member, Scalar};

/// A change story.
pub const KIND: Kind = Kind {
    name: "outcome",
    schema: 1,
    class: Class::Peers,
    title: &["titles", "statement"],
    owners: &["actors"],
    fields: &[
        Field::by_language("titles").section("basics"),
        Field::text("statement").required().section("basics"),
        Field::tags("actors", Member::Link(&["city", "organisation"]))
            .required()
            .section("basics"),
        Field::line("actor_note").section("basics"),
        Field::value("dates", Scalar::Dates).ask().section("basics"),
        Field::line("place").section("basics"),
        Field::code("status", &OUTCOME_STATUS)
            .ask()
            .required()
            .section("basics"),
        Field::code("outcome_type", &OUTCOME_TYPE)
            .ask()
            .required()
            .section("coding"),
        Field::code("level", &LEVEL)
            .ask()
            .required()
            .section("coding"),
        Field::tags("capabilities", Member::Code(&CAPABILITY)).section("coding"),
        Field::tags("capability_indicators", Member::Code(&CAPABILITY_INDICATOR)).section("coding"),
        Field::tags("domains", Member::Code(&OUTCOME_DOMAIN)).section("coding"),
        Field::code("sign", &SIGN).ask().section("coding"),
        Field::code("intent", &INTENT).ask().section("coding"),
        Field::text("significance").section("contribution"),
        Field::text("contribution").section("contribution"),
        Field::code("contribution_strength", &STRENGTH)
            .ask()
            .section("contribution"),
        Field::text("other_contributors")
            .required()
            .section("contribution"),
        Field::entries(
            "inspired_by",
            EntryKey::Link(&[
                "city",
                "organisation",
                "event",
                "product",
                "targeted_action",
            ]),
            INSPIRATION,
        )
        .section("contribution"),
        // Peers who have no record.
        Field::line("inspired_by_others").section("contribution"),
        Field::tags("actions", Member::Link(&["targeted_action"])).section("contribution"),
        Field::text("reactions").section("contribution"),
        Field::text("sustainability").section("contribution"),
        Field::entries("evidence", EntryKey::Generated, EVIDENCE).section("evidence"),
        Field::entries(
            "substantiations",
            EntryKey::Link(&["city", "organisation"]),
            SUBSTANTIATION,
        )
        .section("evidence"),
        Field::code("visibility", &VISIBILITY)
            .strictest()
            .section("sources"),
        super::programme::SOURCE,
        super::programme::SOURCE_NOTES,
    ],
};

const INSPIRATION: &[Field] = &[Field::code("strength", &STRENGTH), Field::line("note")];

const EVIDENCE: &[Field] = &[
    Field::line("what"),
    Field::link("product", &["product"]),
    Field::value("url", Scalar::Url),
    Field::value("date", Scalar::Date),
    Field::line("source"),
];

const SUBSTANTIATION: &[Field] = &[
    Field::code("agreement", &AGREEMENT).ask(),
    Field::value("date", Scalar::Date),
    Field::line("note"),
];
