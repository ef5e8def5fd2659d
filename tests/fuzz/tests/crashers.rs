//! Every input that fuzzing once failed on, and the seeds that fuzzing begins with, taken by
//! ordinary tests.

use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, panic};

use meltemi_fuzz::{TARGETS, Target};

static COUNTING: Once = Once::new();
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Runs a target and asserts that nothing panics, nothing that the engine catches either: in a
/// browser there is no catching.
fn run(target: &Target, bytes: &[u8]) {
    COUNTING.call_once(|| {
        let show = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICKED.store(true, Ordering::Relaxed);
            show(info);
        }));
    });
    (target.run)(bytes);
    assert!(
        !PANICKED.load(Ordering::Relaxed),
        "something panicked and was caught"
    );
}

#[test]
fn kept_crashers_do_no_harm_any_more() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/crashers");
    for target in &TARGETS {
        let Ok(kept) = fs::read_dir(folder.join(target.name)) else {
            continue;
        };
        for entry in kept {
            let path = entry.expect("a folder can be listed to its end").path();
            let bytes = fs::read(&path).expect("a kept crasher");
            println!("{}", path.display());
            run(target, &bytes);
        }
    }
}

#[test]
fn seeds_are_taken() {
    for target in &TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for (number, seed) in seeds.iter().enumerate() {
            println!("{} {number}", target.name);
            run(target, seed);
        }
    }
}

#[test]
fn no_bytes_are_bytes_too() {
    for target in &TARGETS {
        run(target, &[]);
        run(target, &[0xff; 64]);
    }
}
