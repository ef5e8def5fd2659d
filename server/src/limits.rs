//! Every limit of the server, in one place. Those of documents and frames are the engine's.

use std::time::Duration;

use crate::accounts::rate::Rate;

/// Memory the database may use for pages.
pub(crate) const DATABASE_CACHE: usize = 64 * 1024 * 1024;

/// How often opening the database is tried while sled's own threads still hold the file.
pub(crate) const REOPEN_ATTEMPTS: u32 = 50;

/// How many damaged databases are kept beside the new one before the server refuses to go on.
pub(crate) const DAMAGED_KEPT: u32 = 5;

/// Storage requests that may wait for the storage thread; the driver waits when there are more.
pub(crate) const STORAGE_REQUESTS: usize = 1024;

/// Bytes of writes that may wait for the storage thread, unless a single one is longer.
pub(crate) const STORAGE_BYTES: usize = 32 * 1024 * 1024;

/// How long a write waits for others that share its flush, where those who read have been sent what
/// it writes already.
pub(crate) const GATHERING: Duration = Duration::from_millis(2);

/// Writes that share one flush.
pub(crate) const WRITES_PER_FLUSH: usize = 256;

/// Bytes of writes that share one flush, unless a single one is longer.
pub(crate) const BYTES_PER_FLUSH: usize = 8 * 1024 * 1024;

/// Messages that may wait for the driver; sockets and requests wait when there are more.
pub(crate) const DRIVER_MESSAGES: usize = 256;

/// Longest message a socket reads. Twice what the engine takes, so that it can still say why.
pub(crate) const MESSAGE_BYTES: usize = 2 * meltemi_core::wire::limits::FRAME_BYTES;

/// What is read from a socket at one go. Each connection keeps twice as much, and half of it is
/// cleared for each read; most frames are smaller than a fifth of it.
pub(crate) const READ_BYTES: usize = 8 * 1024;

/// Longest message of a connection that has not joined yet. A longer one of another needs room
/// among the bytes that come in.
pub(crate) const SMALL_BYTES: usize = 16 * 1024;

/// Bytes of longer messages that may come in, or wait for the driver, on all connections together;
/// others are read when there is room again.
pub(crate) const INTAKE_BYTES: usize = 40 * 1024 * 1024;

/// Bytes of longer messages that may come in, or wait for the driver, on all connections of one
/// principal together. Not for the built-in principal, who is everybody.
pub(crate) const INTAKE_BYTES_PER_PRINCIPAL: usize = 20 * 1024 * 1024;

/// How long a connection waits for room to read a message.
pub(crate) const ROOM: Duration = Duration::from_secs(30);

/// Bytes that may wait for a connection before nothing more is read from it. A device asks for
/// half a megabyte at a time, so only one that does not read gets there, or a plain one that asks
/// for everything at once.
pub(crate) const OUTBOX_PAUSE: usize = 1024 * 1024;

/// Bytes that may wait for a connection before it is closed as too slow. The list of 400,000
/// documents for a new device has room in it.
pub(crate) const OUTBOX_BYTES: usize = 32 * 1024 * 1024;

/// Bytes that may wait for all connections together. One that is to get more than twice what is
/// left of them is closed.
pub(crate) const OUTBOXES_BYTES: usize = 96 * 1024 * 1024;

/// Bytes that may wait for all connections of one principal together, in the same way. Not for the
/// built-in principal, who is everybody.
pub(crate) const OUTBOX_BYTES_PER_PRINCIPAL: usize = 48 * 1024 * 1024;

/// Messages that may wait for a connection before it is closed as too slow.
pub(crate) const OUTBOX_FRAMES: usize = 200_000;

/// Connections at one time.
pub(crate) const CONNECTIONS: usize = 10_000;

/// Connections of one principal at one time. Not for the built-in principal, who is everybody.
pub(crate) const CONNECTIONS_PER_PRINCIPAL: usize = 100;

/// How long the other side may take for one message before it is closed as too slow.
pub(crate) const SENDING: Duration = Duration::from_secs(120);

/// How often a connection is asked for a sign of life.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(15);

/// How long a connection may be silent.
pub(crate) const SILENCE: Duration = Duration::from_secs(40);

/// How long the other side may take to close a connection, or to take a message at the end.
pub(crate) const CLOSING: Duration = Duration::from_secs(5);

/// How long writes in flight may take when the server stops.
pub(crate) const STOPPING: Duration = Duration::from_secs(20);

/// How long a request for a record waits for it to be loaded.
pub(crate) const QUERY: Duration = Duration::from_secs(15);

/// Entries of the history of a record that one request is answered with.
pub(crate) const HISTORY: usize = 100;

/// Longest body of a request.
pub(crate) const BODY_BYTES: usize = 64 * 1024;

/// Longest reason in a close frame (RFC 6455: 125 bytes with the code).
pub(crate) const CLOSE_REASON: usize = 123;

/// Memory the database of accounts may use for pages.
pub(crate) const ACCOUNTS_CACHE: usize = 8 * 1024 * 1024;

/// Fewest characters of a password.
pub(crate) const PASSWORD_SHORTEST: usize = 12;

/// Most characters of a password.
pub(crate) const PASSWORD_LONGEST: usize = 256;

/// Passwords that are hashed at one time. Each takes 19 MiB and a core.
pub(crate) const HASHING: usize = 2;

/// Passwords that may wait to be hashed before more are refused.
pub(crate) const HASHING_WAITING: usize = 64;

/// Most characters of a name, and of an e-mail address.
pub(crate) const NAME_LONGEST: usize = 200;

/// Programmes and roles of one member.
pub(crate) const MEMBERSHIPS: usize = 64;

/// Devices of one member; of one more the one seen longest ago is forgotten.
pub(crate) const DEVICES: usize = 50;

/// Tokens of one member.
pub(crate) const TOKENS: usize = 50;

/// Invitations at one time.
pub(crate) const INVITATIONS: usize = 5_000;

/// How long a session lasts after the last day on which it was used.
pub(crate) const SESSION: Duration = Duration::from_hours(180 * 24);

/// How long an invitation can be used, unless it says so itself.
pub(crate) const INVITATION: Duration = Duration::from_hours(14 * 24);

/// How long an invitation can be used at most.
pub(crate) const INVITATION_LONGEST: Duration = Duration::from_hours(90 * 24);

/// How long the first coordinator's link can be used.
pub(crate) const FIRST_COORDINATOR: Duration = Duration::from_hours(24);

/// How long a token can be used, unless it says so itself.
pub(crate) const TOKEN: Duration = Duration::from_hours(90 * 24);

/// How long a token can be used at most.
pub(crate) const TOKEN_LONGEST: Duration = Duration::from_hours(366 * 24);

/// How long after signing in somebody may change how they sign in, if not by the password.
pub(crate) const FRESH: Duration = Duration::from_mins(10);

/// Passkeys of one member.
pub(crate) const PASSKEYS: usize = 20;

/// How long a browser may take to make or use a passkey. The library asks for the same.
pub(crate) const CEREMONY: Duration = Duration::from_mins(5);

/// Passkeys that are being made or used at one time; one more is refused. Whoever makes one has
/// begun once, anew or not.
pub(crate) const CEREMONIES: usize = 10_000;

/// How many of them may be of people who have not signed in yet, so that those who have are not
/// kept out.
pub(crate) const CEREMONIES_PUBLIC: usize = CEREMONIES / 2;

/// Wrong passwords and codes for one account, and apart from them passkeys that a member has begun
/// to add or that are not right.
pub(crate) const SIGN_IN_ACCOUNT: Rate = Rate {
    burst: 10,
    every: Duration::from_secs(30),
};

/// Wrong passwords, codes, invitations and passkeys from one network address, before somebody has
/// signed in.
pub(crate) const SIGN_IN_ADDRESS: Rate = Rate {
    burst: 60,
    every: Duration::from_secs(10),
};

/// Accounts and network addresses whose attempts are counted.
pub(crate) const SIGN_IN_COUNTED: usize = 10_000;

/// Connections of one network address at one time. A whole city hall may have one address.
pub(crate) const CONNECTIONS_PER_ADDRESS: usize = 500;

/// Entries of one member in quarantine, decided ones included.
pub(crate) const QUARANTINE_ENTRIES: usize = 500;

/// Bytes of one member's changes in quarantine.
pub(crate) const QUARANTINE_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes of everybody's changes in quarantine.
pub(crate) const QUARANTINE_BYTES_OF_ALL: u64 = 512 * 1024 * 1024;

/// How long it is known what became of changes in quarantine.
pub(crate) const QUARANTINE_DECIDED: Duration = Duration::from_hours(180 * 24);

/// Refused changes that wait to be put into quarantine.
pub(crate) const QUARANTINE_WAITING: usize = 64;

/// Most characters of a word to somebody whose changes were in quarantine.
pub(crate) const NOTE_LONGEST: usize = 2_000;

/// Providers of OpenID Connect.
pub(crate) const OPENID_PROVIDERS: usize = 20;

/// People who are on their way to a provider and back at one time.
pub(crate) const OPENID_FLOWS: usize = 5_000;

/// How long somebody may take to sign in at a provider.
pub(crate) const OPENID_FLOW: Duration = Duration::from_mins(10);

/// How long a provider may take to answer this server.
pub(crate) const OPENID_FETCH: Duration = Duration::from_secs(10);

/// Longest answer of a provider.
pub(crate) const OPENID_BYTES: usize = 256 * 1024;

/// How long it is believed what a provider has said of itself and its keys.
pub(crate) const OPENID_KNOWN: Duration = Duration::from_hours(1);

/// How long to wait before a provider is asked again for keys that are not known.
pub(crate) const OPENID_KEYS_AGAIN: Duration = Duration::from_mins(1);

/// Accounts at providers that one member can sign in with.
pub(crate) const OPENID_LINKS: usize = 10;

/// Entries of the audit log in one answer.
pub(crate) const AUDIT_PAGE: u64 = 200;

/// Connections that may agree on TLS at one time; others wait.
pub(crate) const GREETINGS: usize = 1_000;

/// How long a connection may take to agree on TLS.
pub(crate) const GREETING: Duration = Duration::from_secs(10);

/// When to come back if there are too many connections from one network address.
pub(crate) const CONNECT_AGAIN: Duration = Duration::from_secs(30);
#[cfg(test)]
mod tests {
    use meltemi_core::wire::limits::{PROGRAMME_DOCUMENTS, SERVER_DOCUMENTS};

    use super::*;

    #[test]
    fn the_limits_of_operations_are_these() {
        let document = include_str!("../../docs/operations.md");
        let mib = |bytes: usize| bytes / 1024 / 1024;
        let connections = format!(
            "| connections at one time | | {CONNECTIONS_PER_PRINCIPAL} | {},{:03} |",
            CONNECTIONS / 1000,
            CONNECTIONS % 1000
        );
        let bytes = format!(
            "| bytes that wait to be sent | {} MiB | {} MiB | {} MiB |",
            mib(OUTBOX_BYTES),
            mib(OUTBOX_BYTES_PER_PRINCIPAL),
            mib(OUTBOXES_BYTES)
        );
        let intake = format!(
            "| bytes of longer messages that come in | {} MiB | {} MiB | {} MiB |",
            mib(MESSAGE_BYTES),
            mib(INTAKE_BYTES_PER_PRINCIPAL),
            mib(INTAKE_BYTES)
        );
        let small = format!(
            "A message of more than {} KiB needs room",
            SMALL_BYTES / 1024
        );
        let room = format!("after {} seconds without room", ROOM.as_secs());
        let records = format!(
            "at most {},{:03},{:03} records",
            SERVER_DOCUMENTS / 1_000_000,
            SERVER_DOCUMENTS / 1000 % 1000,
            SERVER_DOCUMENTS % 1000
        );
        let documents = format!(
            "at most {},{:03} documents",
            PROGRAMME_DOCUMENTS / 1000,
            PROGRAMME_DOCUMENTS % 1000
        );
        for row in [connections, bytes, intake, small, room, documents, records] {
            assert!(document.contains(&row), "docs/operations.md has no {row}");
        }
    }
}
