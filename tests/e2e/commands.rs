//! Import, export, verify: on a data folder that no server uses.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use automerge::Automerge;
use meltemi_server::import::REFERENCE_PROGRAMME;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Database, MELTEMI, assert_healthy, data_folder, text};

fn import(folder: &Path, data: &Path) -> String {
    let file = folder.join("mc2cm.json");
    fs::write(&file, REFERENCE_PROGRAMME).unwrap();
    let import = MELTEMI.run(&["import", text(&file), "--data", text(data)]);
    assert!(import.status.success(), "{import:?}");
    String::from_utf8(import.stdout).unwrap()
}

fn export(data: &Path, out: &Path) -> Value {
    let export = MELTEMI.run(&["export", "--data", text(data), "--out", text(out)]);
    assert!(export.status.success(), "{export:?}");
    serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap()
}

fn heads(manifest: &Value) -> BTreeMap<String, Value> {
    let documents = manifest["documents"].as_array().unwrap();
    documents
        .iter()
        .map(|d| (d["id"].to_string(), d["heads"].clone()))
        .collect()
}

#[test]
fn importing_twice_changes_nothing() {
    let (folder, data) = data_folder();
    let said = import(folder.path(), &data);
    assert!(
        said.contains(" new, 0 changed, 0 unchanged, 0 not taken"),
        "{said}"
    );
    let first = export(&data, &folder.path().join("first"));
    let said = import(folder.path(), &data);
    assert!(said.contains(": 0 new, 0 changed, "), "{said}");
    let second = export(&data, &folder.path().join("second"));
    assert_eq!(heads(&first), heads(&second));
    assert!(heads(&first).len() > 100);
    assert_healthy(&data);
}

#[test]
fn an_export_can_be_checked_and_read_without_the_server() {
    let (folder, data) = data_folder();
    import(folder.path(), &data);
    let out = folder.path().join("out");
    let manifest = export(&data, &out);
    assert_eq!(manifest["incomplete"], Value::Array(Vec::new()));
    for document in manifest["documents"].as_array().unwrap() {
        for file in document["files"].as_array().unwrap() {
            let bytes = fs::read(out.join(file["name"].as_str().unwrap())).unwrap();
            assert_eq!(file["bytes"], bytes.len());
            assert_eq!(file["sha256"], hex::encode(Sha256::digest(&bytes)));
        }
        let id = document["id"].as_str().unwrap();
        let doc = Automerge::load(&fs::read(out.join(format!("{id}.automerge"))).unwrap()).unwrap();
        let mut heads: Vec<String> = doc.get_heads().iter().map(ToString::to_string).collect();
        heads.sort();
        assert_eq!(document["heads"], Value::from(heads.clone()));
        let record: Value =
            serde_json::from_slice(&fs::read(out.join(format!("{id}.json"))).unwrap()).unwrap();
        assert_eq!(record["heads"], Value::from(heads));
        assert_eq!(record["kind"], document["kind"]);
    }
    let again = MELTEMI.run(&["export", "--data", text(&data), "--out", text(&out)]);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("is not empty"));
}

#[test]
fn a_data_folder_in_use_is_left_alone() {
    let (folder, data) = data_folder();
    let _server = MELTEMI.serve(&data, &[]);
    let out = folder.path().join("out");
    for command in [
        vec!["verify", "--data", text(&data)],
        vec!["export", "--data", text(&data), "--out", text(&out)],
        vec!["serve", "--listen", "127.0.0.1:0", "--data", text(&data)],
    ] {
        let refused = MELTEMI.run(&command);
        assert!(!refused.status.success());
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            said.contains("in use by another meltemi process (process "),
            "{said}"
        );
        assert!(refused.stdout.is_empty());
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let (folder, data) = data_folder();
    let missing = MELTEMI.run(&["verify", "--data", text(&data)]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no data folder"));
    assert!(!data.exists());
    let file = folder.path().join("bad.json");
    fs::write(&file, "{").unwrap();
    let bad = MELTEMI.run(&["import", text(&file), "--data", text(&data)]);
    assert!(!bad.status.success());
    assert!(String::from_utf8_lossy(&bad.stderr).contains("not valid JSON"));
}

#[test]
fn both_databases_take_and_give_the_same_documents() {
    let (folder, data) = data_folder();
    import(folder.path(), &data);
    let other = folder.path().join("other");
    let file = folder.path().join("mc2cm.json");
    let imported = Database::Redb.run("import", &other, &[text(&file)]);
    assert!(imported.status.success(), "{imported:?}");
    Database::Redb.assert_healthy(&other);
    let out = folder.path().join("redb");
    let exported = Database::Redb.run("export", &other, &["--out", text(&out)]);
    assert!(exported.status.success(), "{exported:?}");
    let redb: Value =
        serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    let sled = export(&data, &folder.path().join("sled"));
    assert_eq!(heads(&redb), heads(&sled));
}

#[test]
fn a_data_folder_of_the_other_database_is_left_alone() {
    for (made, asked) in [
        (Database::Sled, Database::Redb),
        (Database::Redb, Database::Sled),
    ] {
        let (folder, data) = data_folder();
        let file = folder.path().join("mc2cm.json");
        fs::write(&file, REFERENCE_PROGRAMME).unwrap();
        assert!(made.run("import", &data, &[text(&file)]).status.success());
        let out = folder.path().join("out");
        for (command, arguments) in [
            ("verify", vec![]),
            ("export", vec!["--out", text(&out)]),
            ("import", vec![text(&file)]),
            ("serve", vec!["--listen", "127.0.0.1:0"]),
        ] {
            let refused = asked.run(command, &data, &arguments);
            assert!(!refused.status.success());
            let said = String::from_utf8_lossy(&refused.stderr);
            let [option, name] = made.options();
            assert!(said.contains(&format!("say {option} {name}, or")), "{said}");
        }
        assert!(!asked.file(&data).exists());
        made.assert_healthy(&data);
    }
}
