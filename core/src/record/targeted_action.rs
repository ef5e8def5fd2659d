//! Targeted city actions: grants that put what was learned into practice.

use super::vocabulary::{ACTION_STATUS, COUNTRY, CURRENCY, VISIBILITY};
use super::{Class, Field, Kind, Member, Scalar};

/// A targeted city action.
pub const KIND: Kind = Kind {
    name: "targeted_action",
    schema: 1,
    class: Class::Peers,
    title: &["titles"],
    owners: &["places", "awarded_by", "implementers"],
    fields: &[
        Field::by_language("titles")
            .ask()
            .required()
            .section("basics"),
        Field::value("number", Scalar::Integer { min: 1 }).section("basics"),
        Field::code("status", &ACTION_STATUS)
            .ask()
            .section("basics"),
        Field::value("dates", Scalar::Dates).ask().section("basics"),
        Field::text("purpose").section("basics"),
        Field::code("country", &COUNTRY)
            .ask()
            .required()
            .section("when_where"),
        Field::tags("places", Member::Link(&["city"]))
            .required()
            .section("when_where"),
        Field::line("place_detail").section("when_where"),
        Field::link("awarded_by", &["organisation"])
            .ask()
            .section("grant"),
        Field::tags("implementers", Member::Link(&["organisation", "city"])).section("grant"),
        Field::line("implementers_others").section("grant"),
        Field::value("amount", Scalar::Decimal)
            .ask()
            .section("grant"),
        Field::code("currency", &CURRENCY).ask().section("grant"),
        Field::link("follow_up_of", &["targeted_action"]).section("links"),
        Field::tags("inspired_by", Member::Link(&["event", "city"])).section("links"),
        Field::tags("products", Member::Link(&["product"])).section("links"),
        Field::code("visibility", &VISIBILITY)
            .strictest()
            .section("sources"),
        super::programme::SOURCE,
        super::programme::SOURCE_NOTES,
    ],
};
