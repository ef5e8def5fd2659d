//! The report of an event: long texts that several authors write together. Its key is the event's.

use super::vocabulary::{LANGUAGE, REPORT_STEP, VISIBILITY};
use super::{Class, EntryKey, Field, Kind, Member, Scalar};

/// The learning report or discussion summary of one event.
pub const KIND: Kind = Kind {
    name: "event_report",
    schema: 1,
    class: Class::Peers,
    title: &["titles", "event"],
    owners: &["authors"],
    fields: &[
        Field::link("event", &["event"])
            .required()
            .section("basics"),
        Field::by_language("titles").ask().section("basics"),
        Field::tags("authors", Member::Link(&["organisation", "city"])).section("basics"),
        Field::tags("languages", Member::Code(&LANGUAGE)).section("basics"),
        Field::text("summary").section("text"),
        Field::text("definitions").section("text"),
        Field::text("challenges").section("text"),
        Field::text("opportunities").section("text"),
        Field::text("practices").section("text"),
        Field::text("principles").section("text"),
        Field::text("recommendations").section("text"),
        Field::text("next_steps").section("text"),
        Field::entries("steps", EntryKey::Fixed(&REPORT_STEP), STEP).section("steps"),
        Field::link("product", &["product"]).section("steps"),
        Field::entries("comments", EntryKey::Generated, COMMENT).section("discussion"),
        Field::code("visibility", &VISIBILITY)
            .strictest()
            .section("sources"),
        super::programme::SOURCE,
        super::programme::SOURCE_NOTES,
    ],
};

const STEP: &[Field] = &[
    Field::link("by", &["organisation", "city"]),
    Field::value("done_at", Scalar::Date).ask(),
    Field::line("note"),
];

const COMMENT: &[Field] = &[
    Field::text("text"),
    Field::link("by", &["organisation", "city"]),
    Field::value("at", Scalar::LocalTime),
    Field::value("resolved", Scalar::Flag),
];
