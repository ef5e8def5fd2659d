//! The document's table of limits against the constants.

use std::collections::BTreeMap;

use meltemi_core::wire::limits;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::document::rows;

/// Where the limits are declared.
const DECLARED: &str = include_str!("../../src/wire/limits.rs");

macro_rules! values {
    ($($name:ident)*) => {
        BTreeMap::from([$((stringify!($name), limits::$name as u64)),*])
    };
}

#[test]
fn the_document_has_every_limit_with_its_value() {
    let values = values! {
        FRAME_BYTES NAME_CHARS SENTENCE_CHARS VERSIONS EPHEMERAL_BYTES WAITING_MESSAGES
        EMPTY_DOCUMENTS HANDSHAKE_MILLIS LOADS NOTICES MESSAGE_BYTES INFLATED_BYTES
        CHANGE_OPERATIONS MESSAGE_OPERATIONS HEADS NEED HAVE CHANGES ACTORS COLUMNS BLOOM_ENTRIES
        BLOOM_BITS_PER_ENTRY BLOOM_PROBES PART_BYTES PARTED_BYTES PARTED_BYTES_OF_ALL EXCHANGE_BYTES WANTED_DOCUMENTS
        WANTED_BYTES UNANSWERED_BYTES DOCUMENT_HEADS REPAIR_ROUNDS REPAIR_BYTES OPEN_DOCUMENTS
        QUIET_MILLIS ALIVE_MILLIS LISTED_DOCUMENTS KEPT_DOCUMENTS EPHEMERAL_BURST
        EPHEMERAL_PER_SECOND REFUSED_DOCUMENTS ORPHAN_BYTES OWING_DOCUMENTS CHANGE_TIME ORPHANS
        EXCHANGE_DOCUMENTS PROGRAMME_DOCUMENTS SERVER_DOCUMENTS WAITING_BYTES WAITING_BYTES_OF_ALL
        COMPARED_ITEMS AWAITED_DOCUMENTS FIRST_WINDOW PARTED_MILLIS PARTED_BYTES_PER_SECOND
        DOCUMENT_PIECES
    };
    let declared: Vec<&str> = DECLARED
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split(':').next())
        .collect();
    let mut named: Vec<&str> = values.keys().copied().collect();
    named.sort_by_key(|name| declared.iter().position(|d| d == name));
    assert_eq!(named, declared, "this test names every limit");

    let documented: BTreeMap<&str, u64> = rows("Limits")
        .iter()
        .map(|cells| {
            let value = cells[1].replace(' ', "");
            let value = value.parse().expect("a number in the second column");
            (cells[0].trim_matches('`'), value)
        })
        .collect();
    assert_eq!(documented, values);
}
