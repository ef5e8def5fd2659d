//! Rules broken on purpose: the simulation must notice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use meltemi_core::testing::simulation::plan::Plan;
use meltemi_core::testing::simulation::{Sabotage, Simulation};

/// What a run with a broken rule ends with, in the first of some plans that notices it.
fn noticed(sabotage: Sabotage) -> String {
    (0..200)
        .find_map(|seed| {
            let world = Simulation::new(Plan::random(seed)).sabotaged(sabotage);
            catch_unwind(AssertUnwindSafe(|| world.run())).err()
        })
        .and_then(|panic| panic.downcast::<String>().ok())
        .map_or_else(|| "nothing".to_owned(), |text| *text)
}

#[test]
fn an_acknowledgement_before_the_flush_is_noticed() {
    let text = noticed(Sabotage::EarlyAnswer);
    assert!(text.contains("the server lacks changes"), "{text}");
}

#[test]
fn a_forgotten_unsynced_set_is_noticed() {
    let text = noticed(Sabotage::ForgottenUnsynced);
    assert!(text.contains("says that nothing waits"), "{text}");
}

#[test]
fn refused_edits_that_are_forgotten_are_noticed() {
    let text = noticed(Sabotage::ForgottenRefusals);
    assert!(text.contains("nothing waits and that nothing of"), "{text}");
}

#[test]
fn an_edit_left_half_done_is_noticed() {
    let text = noticed(Sabotage::HalfApplied);
    assert!(text.contains("left something behind"), "{text}");
}

#[test]
fn a_server_that_refuses_nothing_is_noticed() {
    let text = noticed(Sabotage::NothingRefused);
    assert!(text.contains("refused or given up"), "{text}");
}
