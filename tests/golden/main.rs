//! The reference programme: what its records must answer, and that importing it is repeatable.
//!
//! The expected numbers stand in the reference data itself; everything they are compared with is
//! computed from the imported documents.

mod conflicts;
mod import;
mod numbers;

use std::sync::LazyLock;

use meltemi_core::view::{RecordView, record};
use meltemi_server::import::{Import, REFERENCE_PROGRAMME, read};
use serde_json::Value;

/// The reference programme, imported.
fn imported() -> Import {
    read(REFERENCE_PROGRAMME).expect("the reference programme is importable")
}

/// The views of all records of the reference programme.
fn records() -> Vec<RecordView> {
    static RECORDS: LazyLock<Vec<RecordView>> = LazyLock::new(|| {
        let records = imported().records;
        let views = records.iter().map(|it| record::view(it.document, &it.doc));
        views
            .collect::<Result<_, _>>()
            .expect("imported documents are records")
    });
    RECORDS.clone()
}

/// The reference data, for what is expected.
fn reference_data() -> Value {
    serde_json::from_str(REFERENCE_PROGRAMME).expect("the reference data is JSON")
}

/// The record `kind/key`.
fn find<'a>(records: &'a [RecordView], reference: &str) -> &'a RecordView {
    records
        .iter()
        .find(|record| format!("{}/{}", record.kind, record.key) == reference)
        .unwrap_or_else(|| panic!("no {reference}"))
}
