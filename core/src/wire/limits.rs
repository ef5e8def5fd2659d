//! Every limit on what comes over the wire or waits because of it.

/// Bytes of one frame. Larger ones close the connection.
pub const FRAME_BYTES: usize = 8 * 1024 * 1024;

/// Characters of a peer id, storage id, message type or code.
pub const NAME_CHARS: usize = 256;

/// Characters of a sentence in an error or refusal; the rest is cut.
pub const SENTENCE_CHARS: usize = 1024;

/// Protocol versions a `join` may list.
pub const VERSIONS: u64 = 16;

/// Pieces in which one frame may have the changes of one document.
pub const DOCUMENT_PIECES: usize = 64;

/// Bytes of an ephemeral message. Larger ones are dropped.
pub const EPHEMERAL_BYTES: usize = 64 * 1024;

/// Messages of one connection that wait for one document's disk.
pub const WAITING_MESSAGES: usize = 256;

/// Bytes that one connection's messages may have that wait for the disk, of all documents.
pub const WAITING_BYTES: usize = 4 * FRAME_BYTES;

/// Bytes that the messages of all connections may have that wait for the disk.
pub const WAITING_BYTES_OF_ALL: usize = 16 * FRAME_BYTES;

/// Ephemeral messages that one connection may send at once; those after them are dropped.
pub const EPHEMERAL_BURST: u64 = 100;

/// Ephemeral messages that one connection may send in each second after that.
pub const EPHEMERAL_PER_SECOND: u64 = 25;

/// Documents that are not here, or not to be had, that one connection may ask for.
pub const EMPTY_DOCUMENTS: usize = 1024;

/// Documents of which one plain connection may have sent something that was refused.
pub const REFUSED_DOCUMENTS: usize = 256;

/// Bytes of changes that are kept in memory until what they build on comes.
pub const ORPHAN_BYTES: usize = 256 * 1024;

/// Documents of which one plain connection may owe what its changes build on.
pub const OWING_DOCUMENTS: usize = 64;

/// Milliseconds in which a connection must have said who it is.
pub const HANDSHAKE_MILLIS: u64 = 15_000;

/// Loads under way at once, so that a large collection does not flood the disk.
pub const LOADS: usize = 64;

/// Notices kept for a person; the oldest go first.
pub const NOTICES: usize = 100;

/// Bytes of one sync message. Larger ones are refused before they are looked at.
pub const MESSAGE_BYTES: usize = FRAME_BYTES;

/// Bytes that all compressed parts and repeated texts of one sync message may have once written
/// out.
pub const INFLATED_BYTES: usize = 32 * 1024 * 1024;

/// Operations of one change. A run of a million equal ones fits in ten bytes, so they are counted
/// before they are applied.
pub const CHANGE_OPERATIONS: u64 = 50_000;

/// Distance of a change's time from 1970 in whatever unit. Automerge subtracts times from each
/// other: after one that is too far off nobody could change the document any more.
pub const CHANGE_TIME: u64 = 1 << 53;

/// Operations of all changes in one sync message, and apart from them the predecessors that those
/// name.
pub const MESSAGE_OPERATIONS: u64 = 200_000;

/// Heads of one document: as many people may have edited it without knowing of each other.
pub const HEADS: u64 = 256;

/// Changes that one sync message may ask for by hash, or say that both sides had.
pub const NEED: u64 = 4096;

/// Summaries of what the sender has in one sync message. Automerge writes one or none.
pub const HAVE: u64 = 8;

/// Changes in one sync message.
pub const CHANGES: u64 = 100_000;

/// Actors that one change or document names. Each new one costs a pass over the whole document.
pub const ACTORS: u64 = 4096;

/// Columns of one change or document. Automerge writes at most 16.
pub const COLUMNS: u64 = 64;

/// Entries that one Bloom filter of a sync message may announce.
pub const BLOOM_ENTRIES: u64 = 1_000_000;

/// Bits for each entry of a Bloom filter: the only value Automerge writes.
pub const BLOOM_BITS_PER_ENTRY: u64 = 10;

/// Probes of a Bloom filter: the only value Automerge writes.
pub const BLOOM_PROBES: u64 = 7;

/// Bytes of one frame between Meltemi peers; larger ones are sent in parts of this size.
pub const PART_BYTES: usize = 256 * 1024;

/// Bytes of all parts of one frame together.
pub const PARTED_BYTES: usize = FRAME_BYTES;

/// Bytes of parts of all connections that wait for the rest of their frames; more closes the
/// connection that sent it.
pub const PARTED_BYTES_OF_ALL: usize = FRAME_BYTES + FRAME_BYTES / 2;

/// Milliseconds in which a server must have the rest of a frame in parts, besides what its bytes may
/// take.
pub const PARTED_MILLIS: u64 = 60_000;

/// Bytes of a frame in parts for which its sender has a second more.
pub const PARTED_BYTES_PER_SECOND: u64 = 2_048;

/// Bytes that the body of an exchange may have when it is inflated.
pub const EXCHANGE_BYTES: usize = 32 * 1024 * 1024;

/// Documents that a device asks for before the answers are there.
pub const WANTED_DOCUMENTS: usize = 64;

/// Bytes of stored documents that a device asks for before the answers are there, as far as their
/// sizes are known.
pub const WANTED_BYTES: u64 = 512 * 1024;

/// Bytes of changes that a device sends before the first of them are answered.
pub const UNANSWERED_BYTES: usize = 1024 * 1024;

/// Heads that one document may have.
pub const DOCUMENT_HEADS: usize = 128;

/// Changes of one document that wait in memory for those they build on.
pub const ORPHANS: usize = 1024;

/// Documents in one list of an exchange. Its sender splits it long before.
pub const EXCHANGE_DOCUMENTS: usize = 20_000;

/// Hellos, rounds of set reconciliation and lookups that one connection may ask for. Each costs a
/// pass over the catalogue.
pub const REPAIR_ROUNDS: u32 = 64;

/// Bytes of one message of set reconciliation.
pub const REPAIR_BYTES: u64 = 128 * 1024;

/// Items that all comparisons of sets under way keep in memory, 40 bytes each.
pub const COMPARED_ITEMS: usize = 1_000_000;

/// Documents that a device has asked for and that are not in memory yet.
pub const AWAITED_DOCUMENTS: usize = 1024;

/// Documents that a device asks for before it knows how fast the answers come.
pub const FIRST_WINDOW: usize = 16;

/// Documents that one plain connection may have open.
pub const OPEN_DOCUMENTS: usize = 20_000;

/// Milliseconds without any frame after which a device asks whether the line is alive.
pub const QUIET_MILLIS: u64 = 25_000;

/// Milliseconds in which that question must be answered.
pub const ALIVE_MILLIS: u64 = 15_000;

/// Documents on one page of a list.
pub const LISTED_DOCUMENTS: usize = 256;

/// Documents of one programme on a server; a new one beyond them is refused. Those that are being
/// written for the first time do not count yet.
pub const PROGRAMME_DOCUMENTS: usize = 200_000;

/// Records of all programmes on a server, whatever names programmes are given; a new one beyond
/// them is refused. Those that are being written for the first time do not count yet.
pub const SERVER_DOCUMENTS: usize = 1_000_000;

/// Documents that a server keeps in memory when nobody needs them.
pub const KEPT_DOCUMENTS: usize = 512;
