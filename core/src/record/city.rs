//! Cities and other local governments, participants or not.

use super::vocabulary::{
    COUNTRY, ENTITY_TYPE, INVOLVEMENT, ORIGIN_ROLE, PARTICIPATION, PHASE, VISIBILITY,
};
use super::{Class, EntryKey, Field, Kind, Member, Scalar};

/// A city, region, fund or group of municipalities.
pub const KIND: Kind = Kind {
    name: "city",
    schema: 1,
    class: Class::Peers,
    title: &["names"],
    owners: &[],
    fields: &[
        Field::by_language("names")
            .ask()
            .required()
            .section("basics"),
        Field::tags("aliases", Member::Free).section("basics"),
        Field::code("entity_type", &ENTITY_TYPE)
            .ask()
            .required()
            .section("basics"),
        Field::code("country", &COUNTRY)
            .ask()
            .required()
            .section("basics"),
        // How many local governments stand behind a group or fund.
        Field::value("members", Scalar::Integer { min: 1 }).section("basics"),
        Field::value("website", Scalar::Url).section("basics"),
        Field::code("participation", &PARTICIPATION)
            .ask()
            .required()
            .section("participation"),
        Field::entries("participation_by_phase", EntryKey::Generated, IN_PHASE)
            .section("participation"),
        Field::tags("involvement", Member::Code(&INVOLVEMENT)).section("participation"),
        Field::line("involvement_note").section("participation"),
        Field::value("interview_number", Scalar::Integer { min: 1 }).section("participation"),
        Field::text("reasons").section("participation"),
        Field::entries(
            "origin_roles",
            EntryKey::Fixed(&ORIGIN_ROLE),
            ORIGIN_ROLE_FIELDS,
        )
        .section("profile"),
        Field::value("population", Scalar::Integer { min: 0 }).section("profile"),
        Field::value("migrant_share", Scalar::Decimal)
            .ask()
            .section("profile"),
        Field::value("migrant_share_date", Scalar::Date).section("profile"),
        Field::line("migrant_share_source").section("profile"),
        Field::text("mandate").section("profile"),
        Field::text("resources").section("profile"),
        Field::text("notes").section("profile"),
        Field::code("visibility", &VISIBILITY)
            .strictest()
            .section("sources"),
        super::programme::SOURCE,
        super::programme::SOURCE_NOTES,
    ],
};

const IN_PHASE: &[Field] = &[
    Field::code("phase", &PHASE),
    Field::code("status", &PARTICIPATION).ask(),
    Field::line("note"),
];

const ORIGIN_ROLE_FIELDS: &[Field] = &[
    Field::value("applies", Scalar::Flag).ask(),
    Field::value("from", Scalar::Date),
    Field::value("to", Scalar::Date),
    Field::line("source"),
];
