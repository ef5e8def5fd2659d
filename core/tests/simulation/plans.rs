//! Random plans, and plans that are kept because they found something.

use meltemi_core::testing::simulation::plan::Plan;
use meltemi_core::testing::simulation::{Simulation, Tally};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Runs of the random test. `SIMULATION_SEEDS=20000-90000` names others.
#[cfg(not(target_arch = "wasm32"))]
const SEEDS: std::ops::Range<u64> = 0..10_000;

/// A plan in `tests/fixtures/plans`.
macro_rules! kept {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../fixtures/plans/", $name, ".json")),
        )
    };
}

/// Plans that are kept: each has found something once. A plan that fails is printed; put there, it
/// is replayed here.
const KEPT: &[(&str, &str)] = &[
    kept!("absent-and-brought-back"),
    kept!("asking-while-the-disk-fails"),
    kept!("begun-anew-beside-what-was-not-removed"),
    kept!("clock-set-back-on-a-dead-line"),
    kept!("first-changes-alone-wait"),
    kept!("given-up-while-it-is-offered"),
    kept!("local-edit-reaches-the-mirror"),
    kept!("restored-without-what-was-relayed"),
    kept!("taken-while-others-are-refused"),
    kept!("told-during-a-comparison"),
    kept!("told-of-what-cannot-be-read"),
];

/// Runs a plan; if it fails, prints it, so that it can be kept.
fn run(plan: &Plan) -> Tally {
    let printed = Printed(plan);
    let tally = Simulation::new(plan.clone()).run();
    assert!(
        tally.edits == 0 || !tally.heads.is_empty(),
        "nothing was done"
    );
    std::mem::forget(printed);
    tally
}

/// Prints a plan when a panic passes.
struct Printed<'a>(&'a Plan);

impl Drop for Printed<'_> {
    #[expect(clippy::print_stdout, reason = "a plan that fails is there to be kept")]
    fn drop(&mut self) {
        let text = serde_json::to_string(self.0).expect("a plan is JSON");
        println!("the plan that failed, with seed {}: {text}", self.0.seed);
    }
}

fn sum(sum: Tally, tally: &Tally) -> Tally {
    Tally {
        frames: sum.frames + tally.frames,
        effects: sum.effects + tally.effects,
        cuts: sum.cuts + tally.cuts,
        crashes: sum.crashes + tally.crashes,
        edits: sum.edits + tally.edits,
        attacks: sum.attacks + tally.attacks,
        refusals: sum.refusals + tally.refusals,
        refused_whole: sum.refused_whole + tally.refused_whole,
        discarded: sum.discarded + tally.discarded,
        again: sum.again + tally.again,
        ..sum
    }
}

#[test]
fn kept_plans_are_survived() {
    for (name, text) in KEPT {
        let plan: Plan =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{name} is no plan: {error}"));
        run(&plan);
    }
}

#[cfg(target_arch = "wasm32")]
#[test]
fn a_thousand_random_plans_are_survived() {
    let tallies = (0..1_000).map(|seed| run(&Plan::random(seed)));
    let sum = tallies.fold(Tally::default(), |all, tally| sum(all, &tally));
    assert!(
        sum.cuts > 1_000 && sum.crashes > 1_000,
        "{sum:?} is too little"
    );
}

#[cfg(not(target_arch = "wasm32"))]
#[expect(
    clippy::disallowed_methods,
    reason = "runs are independent, and only the test uses threads and the environment"
)]
#[test]
fn ten_thousand_random_plans_are_survived() {
    use std::sync::atomic::{AtomicU64, Ordering};

    let named = std::env::var("SIMULATION_SEEDS").ok();
    let named = named.as_deref().and_then(|text| text.split_once('-'));
    let seeds = named.map_or(SEEDS, |(from, to)| {
        let number = |text: &str| text.parse().expect("two numbers with - between them");
        number(from)..number(to)
    });
    let next = AtomicU64::new(seeds.start);
    let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get());
    let tallies = std::thread::scope(|scope| {
        let work = || {
            let mut all = Tally::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return all;
                }
                all = sum(all, &run(&Plan::random(seed)));
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.collect::<Result<Vec<_>, _>>()
    });
    let tallies = tallies.expect("every plan is survived; the one that is not was printed");
    let all = tallies.iter().fold(Tally::default(), sum);
    let runs = seeds.end - seeds.start;
    println!("{runs} runs: {all:?}");
    assert!(
        all.cuts > runs && all.crashes > runs && all.edits > 2 * runs,
        "{all:?} is too little"
    );
    let refused = [all.refusals, all.refused_whole, all.discarded, all.again];
    assert!(
        refused.iter().all(|count| *count > runs / 100),
        "{all:?} has too little that was refused"
    );
}
