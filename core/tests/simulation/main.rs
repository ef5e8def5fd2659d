//! The engine in a simulated world, natively and in WebAssembly.

mod plans;
#[cfg(not(target_arch = "wasm32"))]
mod sabotage;
#[cfg(not(target_arch = "wasm32"))]
mod throughput;

use meltemi_core::testing::simulation::Simulation;
use meltemi_core::testing::simulation::plan::{CrashStage, Fault, Plan};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_same_plan_gives_the_same_run() {
    let run = || Simulation::new(Plan::random(7)).run();
    assert_eq!(run(), run());
}

#[test]
fn a_cut_at_any_frame_is_survived() {
    for plan in [Plan::quiet(1), Plan::quiet(1).forbidding(4)] {
        let frames = Simulation::new(plan.clone()).run().frames;
        for frame in 1..=frames {
            Simulation::new(plan.clone().with(Fault::CutAtFrame(frame))).run();
        }
    }
}

#[test]
fn a_crash_at_any_storage_effect_is_survived() {
    for plan in [Plan::quiet(2), Plan::quiet(2).forbidding(4)] {
        let effects = Simulation::new(plan.clone()).run().effects;
        for effect in 1..=effects {
            for stage in [CrashStage::Before, CrashStage::Within, CrashStage::After] {
                let crash = Fault::CrashAtEffect { effect, stage };
                Simulation::new(plan.clone().with(crash)).run();
            }
        }
    }
}
