//! What was done to accounts: an entry for each deed, written with it in one transaction, never
//! changed. Each entry has the hash of the one before it, so that a changed one is noticed.
//!
//! Members, devices and all else are named by their ids. Names, e-mail addresses and secrets are
//! in no entry.

use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::database::{Change, DatabaseError, Reading, Shelf};
use crate::clock;

const ENTRIES: Shelf<AuditEntry> = Shelf::new("audit");
const HEAD: Shelf<Head> = Shelf::new("audit-head");

/// Entries that are read at a time.
const PAGE: usize = 1_000;

/// Who does something, and from where.
#[derive(Debug, Clone)]
pub(crate) struct By {
    /// The member, if it is known who it is.
    pub(crate) member: Option<String>,
    /// The device, if it is one.
    pub(crate) device: Option<String>,
    /// The network address, or what else it came by.
    pub(crate) from: String,
    /// When.
    pub(crate) now: Timestamp,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deed {
    /// Signed in with e-mail address and password.
    SignIn,
    /// Signed out.
    SignOut,
    /// Accepted an invitation.
    Join,
    /// Changed the own password.
    PasswordChange,
    /// Set a new password with a recovery code.
    Recovery,
    /// Made new recovery codes.
    RecoveryCodes,
    /// Signed in with a passkey.
    PasskeySignIn,
    /// Signed with a passkey that has signed more often elsewhere: there may be a copy of it.
    PasskeyCopied,
    /// Made a passkey.
    PasskeyAdd,
    /// Named a passkey.
    PasskeyName,
    /// Took a passkey away.
    PasskeyRemove,
    /// Made an invitation.
    Invite,
    /// Took an invitation back.
    InvitationWithdraw,
    /// Changed what a member is or may do.
    MemberChange,
    /// Named a device.
    DeviceName,
    /// Took a device's access away.
    DeviceRevoke,
    /// Made a token for a program.
    TokenMake,
    /// Took a token back.
    TokenRevoke,
    /// Sent changes that wait for a coordinator now.
    Quarantine,
    /// Took changes out of quarantine.
    QuarantineAccept,
    /// Decided not to take changes out of quarantine.
    QuarantineRefuse,
    /// Signed in at a provider of OpenID Connect.
    OpenidSignIn,
    /// Linked the own account to one at a provider.
    OpenidLink,
    /// Took such a link away.
    OpenidUnlink,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

/// One entry, as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditEntry {
    /// Number, from 1.
    pub(crate) seq: u64,
    /// When, in the server's time.
    pub(crate) time: String,
    /// Id of the member who did it.
    pub(crate) who: Option<String>,
    /// What was done.
    pub(crate) what: Deed,
    /// Id of that to which it was done.
    pub(crate) object: Option<String>,
    /// From which network address.
    pub(crate) from: String,
    /// Id of the device it was done with.
    pub(crate) device: Option<String>,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// SHA-256 of the entry before as it is stored; zeros in the first.
    pub(crate) prev: String,
}

/// The newest entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Its number; how many there are.
    pub(crate) seq: u64,
    /// SHA-256 of it.
    pub(crate) hash: String,
}

impl By {
    /// Somebody at a network address.
    pub(crate) fn address(from: String) -> Self {
        Self {
            member: None,
            device: None,
            from,
            now: clock::now(),
        }
    }

    /// Whoever runs a command on the data folder.
    pub(crate) fn command_line() -> Self {
        Self::address("command-line".to_owned())
    }

    /// The same, now that it is known who it is.
    pub(crate) fn as_member(&self, member: &str, device: Option<&str>) -> Self {
        Self {
            member: Some(member.to_owned()),
            device: device.map(str::to_owned),
            ..self.clone()
        }
    }
}

impl Head {
    fn before_all() -> Self {
        Self {
            seq: 0,
            hash: hex::encode([0; 32]),
        }
    }
}

fn head(reading: &impl Reading) -> Result<Head, DatabaseError> {
    let head = reading.get(&HEAD, b"head")?;
    Ok(head.unwrap_or_else(Head::before_all))
}

/// Writes an entry, together with what else is changed.
pub(super) fn append(
    change: &Change,
    by: &By,
    what: Deed,
    object: Option<&str>,
    outcome: Outcome,
) -> Result<(), DatabaseError> {
    let before = head(change)?;
    let entry = AuditEntry {
        seq: before.seq + 1,
        time: clock::iso(by.now),
        who: by.member.clone(),
        what,
        object: object.map(str::to_owned),
        from: by.from.clone(),
        device: by.device.clone(),
        outcome,
        prev: before.hash,
    };
    let bytes = serde_json::to_vec(&entry).map_err(|_| DatabaseError::Damaged("audit"))?;
    change.put_bytes(&ENTRIES, &entry.seq.to_be_bytes(), &bytes)?;
    let head = Head {
        seq: entry.seq,
        hash: hex::encode(Sha256::digest(&bytes)),
    };
    change.put(&HEAD, b"head", &head)
}

/// The newest entries with a number below `before`, newest first.
pub(super) fn newest(
    reading: &impl Reading,
    before: Option<u64>,
    count: u64,
) -> Result<Vec<AuditEntry>, DatabaseError> {
    let end = head(reading)?.seq + 1;
    let end = before.map_or(end, |before| before.min(end)).max(1);
    let first = end.saturating_sub(count).max(1);
    let wanted = usize::try_from(end - first).unwrap_or(0);
    let stored = reading.stored(&ENTRIES, &first.to_be_bytes(), wanted)?;
    let entries = stored.iter().rev().map(|(_, bytes)| decode(bytes));
    entries.collect()
}

/// Gives every entry as it is stored, oldest first, and says what is wrong with the chain.
pub(super) fn walk<E: From<DatabaseError>>(
    reading: &impl Reading,
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(Head, Vec<String>), E> {
    let mut problems = Vec::new();
    let mut so_far = Head::before_all();
    loop {
        let next = so_far.seq + 1;
        let stored = reading.stored(&ENTRIES, &next.to_be_bytes(), PAGE)?;
        if stored.is_empty() {
            break;
        }
        for (key, bytes) in stored {
            let number = key.as_slice().try_into().map_or(0, u64::from_be_bytes);
            let next = so_far.seq + 1;
            if number != next {
                problems.push(format!("entries {next} to {} are missing", number - 1));
            }
            match decode(&bytes) {
                Ok(entry) if entry.seq != number => {
                    problems.push(format!("entry {number} has another number"));
                }
                Ok(entry) if number == next && entry.prev != so_far.hash => problems.push(format!(
                    "entry {number} does not follow entry {}: one of them was changed",
                    so_far.seq
                )),
                Ok(_) => {}
                Err(_) => problems.push(format!("entry {number} cannot be read")),
            }
            each(&bytes)?;
            so_far = Head {
                seq: number,
                hash: hex::encode(Sha256::digest(&bytes)),
            };
        }
    }
    if so_far != head(reading)? {
        problems.push("the newest entry was changed, or some are missing at the end".to_owned());
    }
    Ok((so_far, problems))
}

fn decode(bytes: &[u8]) -> Result<AuditEntry, DatabaseError> {
    serde_json::from_slice(bytes).map_err(|_| DatabaseError::Damaged("audit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::database::Database;

    fn filled(count: u64) -> Database {
        let database = Database::in_memory().expect("a database");
        let by = By::command_line().as_member("m-1", Some("d-1"));
        for number in 0..count {
            let object = format!("m-{number}");
            let written = database.change(|change| {
                append(
                    change,
                    &by,
                    Deed::MemberChange,
                    Some(&object),
                    Outcome::Done,
                )
            });
            written.expect("it is written");
        }
        database
    }

    fn problems(database: &Database) -> Vec<String> {
        let walked = database.read(|view| walk(view, |_| Ok::<_, DatabaseError>(())));
        walked.expect("it is read").1
    }

    fn tamper(database: &Database, work: impl FnOnce(&Change) -> Result<(), DatabaseError>) {
        database.change(work).expect("it is changed");
    }

    #[test]
    fn entries_follow_each_other() {
        let database = filled(5);
        assert_eq!(problems(&database), Vec::<String>::new());
        let newest = database.read(|view| newest(view, Some(5), 3));
        let newest: Vec<u64> = newest.expect("a page").iter().map(|e| e.seq).collect();
        assert_eq!(newest, [4, 3, 2]);
        assert_eq!(problems(&filled(0)), Vec::<String>::new());
    }

    #[test]
    fn a_changed_entry_is_noticed() {
        let database = filled(5);
        tamper(&database, |change| {
            let entry: Option<AuditEntry> = change.get(&ENTRIES, &3_u64.to_be_bytes())?;
            let mut entry = entry.expect("an entry");
            entry.who = Some("m-2".to_owned());
            change.put(&ENTRIES, &3_u64.to_be_bytes(), &entry)
        });
        let problems = problems(&database);
        assert_eq!(
            problems,
            ["entry 4 does not follow entry 3: one of them was changed"]
        );
    }

    #[test]
    fn a_removed_entry_is_noticed() {
        for (number, says) in [
            (1_u64, "entries 1 to 1 are missing"),
            (4, "entries 4 to 4 are missing"),
            (
                5,
                "the newest entry was changed, or some are missing at the end",
            ),
        ] {
            let database = filled(5);
            tamper(&database, |change| {
                change.remove(&ENTRIES, &number.to_be_bytes()).map(drop)
            });
            assert_eq!(problems(&database), [says], "{number}");
        }
    }
}
