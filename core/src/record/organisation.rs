//! Organisations: partners, donors, networks, institutes, civil society.

use super::vocabulary::{COUNTRY, ORGANISATION_TYPE, VISIBILITY};
use super::{Class, Field, Kind, Scalar};

/// An organisation that takes part and is no participant city.
pub const KIND: Kind = Kind {
    name: "organisation",
    schema: 1,
    class: Class::Peers,
    title: &["names", "acronym"],
    owners: &[],
    fields: &[
        Field::by_language("names")
            .ask()
            .required()
            .section("basics"),
        Field::line("acronym").section("basics"),
        Field::code("organisation_type", &ORGANISATION_TYPE)
            .ask()
            .required()
            .section("basics"),
        Field::link("part_of", &["organisation"]).section("basics"),
        // The record of the same body as a participant, when it is both.
        Field::link("participant", &["city"]).section("basics"),
        Field::link("seat", &["city"]).section("basics"),
        Field::code("country", &COUNTRY).section("basics"),
        Field::value("website", Scalar::Url).section("basics"),
        Field::value("interview_number", Scalar::Integer { min: 1 }).section("basics"),
        Field::text("interests").section("profile"),
        Field::text("priorities").section("profile"),
        Field::text("audience").section("profile"),
        Field::text("notes").section("profile"),
        Field::code("visibility", &VISIBILITY)
            .strictest()
            .section("sources"),
        super::programme::SOURCE,
        super::programme::SOURCE_NOTES,
    ],
};
