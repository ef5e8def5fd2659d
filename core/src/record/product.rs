//! Knowledge products: profiles, case studies, reports, notes, courses.

use super::vocabulary::{LANGUAGE, LINK_CERTAINTY, PRODUCT_TYPE, VISIBILITY};
use super::{Class, Field, Kind, Member, Scalar};

/// A knowledge product. One that is listed under several types is one record with several types.
pub const KIND: Kind = Kind {
    name: "product",
    schema: 1,
    class: Class::Public,
    title: &["titles"],
    owners: &["authors"],
    fields: &[
        Field::by_language("titles")
            .ask()
            .required()
            .section("basics"),
        Field::tags("product_types", Member::Code(&PRODUCT_TYPE))
            .required()
            .section("basics"),
        Field::value("number", Scalar::Integer { min: 1 }).section("basics"),
        Field::value("published", Scalar::Dates)
            .ask()
            .section("basics"),
        Field::value("url", Scalar::Url).section("basics"),
        Field::tags("languages", Member::Code(&LANGUAGE)).section("basics"),
        Field::tags("authors", Member::Link(&["organisation", "city"])).section("basics"),
        Field::tags("cities", Member::Link(&["city"])).section("links"),
        Field::tags("events", Member::Link(&["event"])).section("links"),
        Field::code("link_certainty", &LINK_CERTAINTY)
            .ask()
            .section("links"),
        Field::line("link_note").section("links"),
        // Set on a record that turned out to describe the same product as another.
        Field::link("duplicate_of", &["product"])
            .ask()
            .section("links"),
        Field::line("duplicate_note").section("links"),
        Field::text("audience").section("usage"),
        Field::text("usage").section("usage"),
        Field::code("visibility", &VISIBILITY)
            .strictest()
            .section("sources"),
        super::programme::SOURCE,
        super::programme::SOURCE_NOTES,
    ],
};
