//! Which way dependencies point: between packages by their manifests, between modules by what
//! their code names.

use crate::hold;
use crate::source::{Source, mentions, modules};
use crate::tree::{dependencies, manifests, module, sources};

/// Crates that bring a runtime, a device or a platform.
const RUNTIMES: [&str; 12] = [
    "async-std",
    "axum",
    "getrandom",
    "js-sys",
    "leptos",
    "mio",
    "redb",
    "sled",
    "smol",
    "tokio",
    "wasm-bindgen",
    "web-sys",
];

/// Parts of the standard library that do input or output.
const INPUT_AND_OUTPUT: [&str; 6] = ["env", "fs", "net", "os", "process", "thread"];

/// What components may name of their own crate: two modules, themselves, the macros for texts.
const SEEN_BY_COMPONENTS: [&str; 5] = ["app", "locale", "ui", "t", "tn"];

#[test]
fn the_core_names_no_runtime() {
    let mut broken = forbid_dependencies("core/", &RUNTIMES);
    for source in sources("core/src") {
        let shipped = source.shipped();
        let identifiers = RUNTIMES.map(|name| name.replace('-', "_"));
        let named = identifiers.iter().filter(|name| mentions(&shipped, name));
        broken.extend(named.map(|name| format!("{}: {name}", source.path)));
    }
    hold("the core does no input or output", broken);
}

#[test]
fn the_core_calls_no_clock_entropy_thread_file_or_socket() {
    let mut broken = Vec::new();
    for source in sources("core/src") {
        let shipped = source.shipped();
        let reached = modules(&shipped, "std");
        let forbidden = INPUT_AND_OUTPUT
            .iter()
            .filter(|part| reached.contains(**part));
        broken.extend(forbidden.map(|part| format!("{}: std::{part}", source.path)));
        let clocks = ["Instant", "SystemTime", "thread_rng", "OsRng"];
        let named = clocks.iter().filter(|name| mentions(&shipped, name));
        broken.extend(named.map(|name| format!("{}: {name}", source.path)));
    }
    hold("time and randomness are handed to the core", broken);
}

#[test]
fn records_indicators_and_access_know_neither_engine_nor_frames() {
    let mut broken = Vec::new();
    for name in ["core/src/record", "core/src/indicator", "core/src/access"] {
        broken.extend(forbid_modules(module(name), &["sync", "wire"]));
    }
    hold("records and sync meet in `workspace` only", broken);
}

#[test]
fn the_engine_does_not_know_records() {
    let records = ["record", "indicator", "command", "view", "workspace"];
    let mut broken = forbid_modules(module("core/src/sync"), &records);
    broken.extend(forbid_modules(module("core/src/wire"), &records));
    hold("the engine asks a policy that is handed to it", broken);
}

#[test]
fn server_and_client_do_not_depend_on_each_other() {
    let mut broken = forbid_dependencies("server/", &["meltemi-client"]);
    broken.extend(forbid_dependencies("client-wasm/", &["meltemi-server"]));
    hold("what server and client share is in the core", broken);
}

#[test]
fn components_see_the_app_layer_and_the_texts_only() {
    let mut broken = Vec::new();
    for source in module("client-wasm/src/ui") {
        let code = &source.shipped();
        let others = modules(code, "crate").into_iter().filter(|name| {
            let is_module = name.starts_with(char::is_lowercase);
            is_module && !SEEN_BY_COMPONENTS.contains(name)
        });
        broken.extend(others.map(|name| format!("{}: crate::{name}", source.path)));
        for name in ["sync", "wire"] {
            if modules(code, "meltemi_core").contains(name) {
                broken.push(format!("{}: meltemi_core::{name}", source.path));
            }
        }
        if mentions(code, "automerge") {
            broken.push(format!("{}: automerge", source.path));
        }
    }
    hold("`ui` sees `app` and `locale`, not the engine", broken);
}

#[test]
fn the_app_layer_sees_neither_framework_nor_browser() {
    let browser = ["leptos", "web_sys", "js_sys", "wasm_bindgen", "gloo"];
    let mut broken = forbid_modules(module("client-wasm/src/app"), &["ui"]);
    for source in module("client-wasm/src/app") {
        let named = browser.iter().filter(|name| mentions(source.code(), name));
        broken.extend(named.map(|name| format!("{}: {name}", source.path)));
    }
    hold("`app` compiles and is tested natively", broken);
}

#[test]
fn nothing_depends_on_the_tests() {
    let broken = manifests()
        .iter()
        // The benchmark is a part of the tests with a package of its own.
        .filter(|(path, _)| !path.starts_with("tests/"))
        .filter(|(_, manifest)| dependencies(manifest, true).contains(&"meltemi-tests"))
        .map(|(path, _)| path.clone())
        .collect();
    hold(
        "`tests` may depend on everything, nothing on `tests`",
        broken,
    );
}

#[test]
fn anyhow_stays_at_the_edge() {
    let at_the_edge = |path: &str| {
        path.ends_with("/src/main.rs") || path.starts_with("xtask/") || path.starts_with("tests/")
    };
    let broken = sources("")
        .into_iter()
        .filter(|source| !at_the_edge(&source.path) && mentions(source.code(), "anyhow"))
        .map(|source| source.path)
        .collect();
    hold(
        "libraries have an error type per module, not `anyhow`",
        broken,
    );
}

/// The places where packages below `folder` depend on one of `names`, tests left out.
fn forbid_dependencies(folder: &str, names: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, manifest) in manifests() {
        if path.starts_with(folder) {
            let found = dependencies(&manifest, false);
            let forbidden = found.iter().filter(|name| names.contains(name));
            broken.extend(forbidden.map(|name| format!("{path}: {name}")));
        }
    }
    broken
}

/// The places where sources reach one of these modules of their own crate.
fn forbid_modules(sources: Vec<Source>, names: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let shipped = source.shipped();
        let mut reached = modules(&shipped, "crate");
        reached.extend(modules(&shipped, "super"));
        let forbidden = names.iter().filter(|name| reached.contains(**name));
        broken.extend(forbidden.map(|name| format!("{}: {name}", source.path)));
    }
    broken
}
