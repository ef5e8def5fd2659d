//! libFuzzer around one target; `cargo xtask fuzz` builds and runs it.
//!
//! `MELTEMI_FUZZ_TARGET` names the target; without it the program lists the targets and ends.
//! `MELTEMI_FUZZ_SEEDS` names a folder that the target's seeds are written to before anything else.
//! With `MELTEMI_FUZZ_STRICT` a panic of Automerge that the engine catches is a finding too.

#![no_main]
#![allow(
    unsafe_code,
    reason = "libFuzzer calls two functions by their unmangled names"
)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its terminal"
)]

use std::backtrace::Backtrace;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{env, fs, process};

use meltemi_fuzz::{TARGETS, Target};

static CHOSEN: OnceLock<(&Target, bool)> = OnceLock::new();
static PANICKED: AtomicBool = AtomicBool::new(false);
static LAST: Mutex<String> = Mutex::new(String::new());

libfuzzer_sys::fuzz_target!(init: choose(), |bytes: &[u8]| {
    let (target, strict) = CHOSEN.get().expect("set before the first call");
    PANICKED.store(false, Ordering::Relaxed);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
    let caught = PANICKED.load(Ordering::Relaxed);
    if outcome.is_err() || (*strict && caught) {
        let told = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("target {}: {told}", target.name);
        process::abort();
    }
});

fn choose() {
    let Ok(name) = env::var("MELTEMI_FUZZ_TARGET") else {
        for target in &TARGETS {
            println!("{}", target.name);
        }
        process::exit(0);
    };
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        eprintln!("there is no target {name}");
        process::exit(1);
    };
    if let Some(folder) = env::var_os("MELTEMI_FUZZ_SEEDS") {
        let folder = Path::new(&folder);
        fs::create_dir_all(folder).expect("a folder for seeds");
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), seed).expect("a file for a seed");
        }
    }
    let strict = env::var_os("MELTEMI_FUZZ_STRICT").is_some();
    CHOSEN
        .set((target, strict))
        .unwrap_or_else(|_| unreachable!("libFuzzer begins once"));
    // The hook of libfuzzer-sys ends the process at every panic; a caught one must not.
    panic::set_hook(Box::new(|info| {
        PANICKED.store(true, Ordering::Relaxed);
        let told = format!("{info}\n{}", Backtrace::capture());
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }));
}
