//! The engine in a simulated world, natively and in WebAssembly.

use meltemi_core::testing::simulation::{Faults, Simulation};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Chance in a thousand of a fault at each frame and each storage effect.
const CHANCE: u32 = 60;

#[test]
fn a_thousand_seeds_end_with_equal_heads() {
    let (mut cuts, mut crashes) = (0, 0);
    for seed in 0..1_000 {
        let tally = Simulation::new(seed, Faults::Random(CHANCE)).run();
        assert!(
            tally.edits > 1 && !tally.heads.is_empty(),
            "seed {seed} did nothing"
        );
        cuts += tally.cuts;
        crashes += tally.crashes;
    }
    assert!(
        cuts > 1_000 && crashes > 1_000,
        "{cuts} cuts and {crashes} crashes are too few"
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || Simulation::new(7, Faults::Random(CHANCE)).run();
    assert_eq!(run(), run());
}

#[test]
fn a_cut_at_any_frame_is_survived() {
    let frames = Simulation::new(1, Faults::None).run().frames;
    for frame in 1..=frames {
        Simulation::new(1, Faults::CutAt(frame)).run();
    }
}

#[test]
fn a_crash_at_any_storage_effect_is_survived() {
    let effects = Simulation::new(2, Faults::None).run().effects;
    for effect in 1..=effects {
        Simulation::new(2, Faults::CrashBefore(effect)).run();
        Simulation::new(2, Faults::CrashAfter(effect)).run();
    }
}
