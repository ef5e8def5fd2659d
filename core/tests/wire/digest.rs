//! The document's worked example of items and digest.

use meltemi_core::id::DocumentId;
use meltemi_core::sync::reconcile::{SetSum, item};
use sha2::{Digest, Sha256};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::document::rows;

/// The example's values by name.
fn value(name: &str) -> String {
    let rows = rows("Items, root and order");
    let row = rows.iter().find(|cells| cells[0].trim_matches('`') == name);
    let row = row.unwrap_or_else(|| panic!("the example has no {name}"));
    row[1].trim_matches('`').to_owned()
}

/// Where a document stands, worked out as the document says and not by our code.
pub(crate) fn timestamp(document: [u8; 16]) -> u64 {
    let digest = Sha256::digest(document);
    let first = digest.iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(*byte)) >> 1
}

#[test]
fn the_example_of_a_digest_can_be_worked_out() {
    let one = [1; 16];
    let two = [2; 16];
    let items = [
        item(&DocumentId::from_bytes(one), &[[0xaa; 32]]),
        item(&DocumentId::from_bytes(two), &[[0xbb; 32], [0xcc; 32]]),
    ];
    let mut sum = SetSum::default();
    let empty = hex::encode(sum.listed().root);
    items.iter().for_each(|item| sum.add(item));
    let added = add(&items[0], &items[1]);
    let preimage = [&added[..], &2u64.to_le_bytes()].concat();
    assert_eq!(sum.listed().root[..], Sha256::digest(&preimage)[..]);

    let worked_out = [
        ("item 1", hex::encode(items[0])),
        ("item 2", hex::encode(items[1])),
        ("sum", hex::encode(added)),
        ("hashed", hex::encode(preimage)),
        ("root", hex::encode(sum.listed().root)),
        ("root of nothing", empty),
        ("timestamp 1", timestamp(one).to_string()),
        ("timestamp 2", timestamp(two).to_string()),
    ];
    for (name, worked_out) in worked_out {
        assert_eq!(worked_out, value(name), "{name}");
    }
}

/// The sum of two numbers of 256 bits whose lowest byte comes first.
fn add(one: &[u8; 32], other: &[u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    let mut sum = [0; 32];
    for (at, byte) in sum.iter_mut().enumerate() {
        let digits = u16::from(one[at]) + u16::from(other[at]) + carry;
        *byte = digits.to_le_bytes()[0];
        carry = digits >> 8;
    }
    sum
}
