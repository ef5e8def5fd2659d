//! Whose records this tab holds, and what is kept of people where scripts of the page read it at
//! once: ids and marks, neither names nor addresses.

use serde_json::{Map, Value, json};

use super::account::Member;

/// What is kept of the person, each under a name of its own.
pub const ACCOUNT: &str = "account";
/// The devices that the server knows of those who signed in here, see [`note_device`].
pub const DEVICES: &str = "devices";
/// There while somebody has signed out and the server has not heard of it.
pub const LEAVING: &str = "leaving";
/// The id of whose records are to be removed from this device.
pub const REMOVE: &str = "remove";

/// There while the records of whoever uses this device are encrypted.
pub const LOCKED: &str = "locked";
/// Another text whenever a lock was turned on or off, for the other tabs.
pub const TURN: &str = "turn";

/// The database of whoever has not signed in, and of a server without accounts.
pub const NOBODY: &str = "meltemi";

/// The name of a worker that has no line to the server: whoever was signed in still is, for it.
const WITHOUT_LINE: &str = "-";

/// Where a worker keeps records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The name of the database.
    pub database: String,
    /// Whether it belongs to somebody.
    pub owned: bool,
    /// Whether it may have a line to the server.
    pub line: bool,
}

/// The name of the worker that holds the records of a person, or of nobody.
pub fn worker_name(person: Option<&str>, leaving: bool) -> &str {
    match person {
        Some(person) => person,
        None if leaving => WITHOUT_LINE,
        None => "",
    }
}

/// Where the worker of this name keeps records.
pub fn home(worker_name: &str) -> Home {
    let owned = !matches!(worker_name, "" | WITHOUT_LINE);
    Home {
        database: if owned {
            database(worker_name)
        } else {
            NOBODY.to_owned()
        },
        owned,
        line: worker_name != WITHOUT_LINE,
    }
}

/// The name of a member's database.
pub fn database(person: &str) -> String {
    format!("{NOBODY}-{person}")
}

/// The name of the lock that every tab with this database holds.
pub fn held(database: &str) -> String {
    format!("meltemi-database-{database}")
}

/// The name of the encrypted database beside the one of this name.
pub fn locked(database: &str) -> String {
    format!("{database}-locked")
}

/// What is kept of a member outside their database.
pub fn stub(member: &Member) -> String {
    json!({ "member": { "id": member.id }, "device": { "id": member.device } }).to_string()
}

/// Adds the device of somebody who signed in to those that are `known`, so that they are asked for
/// on the same device when they come back. They are found by a mark of the address, which does not
/// tell it.
pub fn note_device(known: Option<&str>, member: &Member) -> String {
    let mut devices = devices(known);
    if let Some(device) = &member.device {
        devices.insert(mark(&member.email), device.clone().into());
    }
    Value::Object(devices).to_string()
}

/// The device that is known of the person with this address.
pub fn device(known: Option<&str>, email: &str) -> Option<String> {
    Some(devices(known).get(&mark(email))?.as_str()?.to_owned())
}

fn devices(known: Option<&str>) -> Map<String, Value> {
    match known.and_then(|known| serde_json::from_str(known).ok()) {
        Some(Value::Object(devices)) => devices,
        _ => Map::new(),
    }
}

/// FNV-1a: 32 bits, which very many addresses share.
fn mark(email: &str) -> String {
    let email = email.trim().to_lowercase();
    let add = |mark: u32, byte| (mark ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", email.bytes().fold(0x811c_9dc5, add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::account::kept;

    fn leila() -> Member {
        Member {
            id: "m-1".to_owned(),
            name: "Leila".to_owned(),
            email: "leila@example.org".to_owned(),
            device: Some("d-1".to_owned()),
            roles: Vec::new(),
            colleagues: Vec::new(),
        }
    }

    #[test]
    fn everybody_has_a_database_of_their_own() {
        let of = |person, leaving| home(worker_name(person, leaving));
        let nobody = of(None, false);
        assert_eq!(
            (&*nobody.database, nobody.owned, nobody.line),
            (NOBODY, false, true)
        );
        assert!(!of(None, true).line);
        let leila = of(Some("m-1"), false);
        assert_eq!(
            (&*leila.database, leila.owned, leila.line),
            ("meltemi-m-1", true, true)
        );
        assert_ne!(of(Some("m-2"), false).database, leila.database);
    }

    #[test]
    fn outside_the_database_there_is_neither_name_nor_address() {
        let text = stub(&leila());
        assert!(!text.contains("Leila") && !text.contains("example"));
        let kept = kept(&text).expect("somebody");
        assert_eq!((&*kept.id, kept.device.as_deref()), ("m-1", Some("d-1")));
        let devices = note_device(None, &leila());
        assert!(!devices.contains("leila"));
    }

    #[test]
    fn whoever_comes_back_is_asked_for_on_the_same_device() {
        let other = Member {
            email: "omar@example.org".to_owned(),
            device: Some("d-2".to_owned()),
            ..leila()
        };
        let devices = note_device(None, &leila());
        let devices = note_device(Some(&devices), &other);
        assert_eq!(
            device(Some(&devices), " Leila@example.org").as_deref(),
            Some("d-1")
        );
        assert_eq!(
            device(Some(&devices), "omar@example.org").as_deref(),
            Some("d-2")
        );
        assert_eq!(device(Some("{"), "omar@example.org"), None);
    }
}
