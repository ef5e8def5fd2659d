//! Every input that fuzzing once failed on, and the seeds that fuzzing begins with, taken by
//! ordinary tests.

use std::fs;
use std::path::Path;

use meltemi_fuzz::TARGETS;

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
            (target.run)(&bytes);
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
            (target.run)(seed);
        }
    }
}

#[test]
fn no_bytes_are_bytes_too() {
    for target in &TARGETS {
        (target.run)(&[]);
        (target.run)(&[0xff; 64]);
    }
}
