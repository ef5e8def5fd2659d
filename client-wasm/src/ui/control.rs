//! The controls for values: native elements, one function for each kind of value.

pub(crate) mod by_language;
pub(crate) mod choice;
pub(crate) mod dates;
pub(crate) mod input;
pub(crate) mod tags;
pub(crate) mod text;

use leptos::prelude::*;
use meltemi_core::record::Scalar;

use super::page::Page;
use super::slot::Slot;

/// The control for a register.
pub(crate) fn scalar(page: Page, slot: Slot, scalar: &'static Scalar) -> AnyView {
    match scalar {
        Scalar::Code(vocabulary) => choice::word(slot, vocabulary),
        Scalar::Link(kinds) => choice::record(page, slot, kinds),
        Scalar::Flag => choice::flag(slot),
        Scalar::Dates => dates::dates(slot, true),
        Scalar::Date => dates::dates(slot, false),
        _ => input::input(slot, scalar),
    }
}

/// Whether the control is a group of several, which a label element cannot name.
pub(crate) const fn is_group(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::Dates | Scalar::Date)
}
