//! Bytes as a sync message about a record that the server has.
//!
//! They take the engine's own way, as a frame: admission, the copy that they are applied to, the
//! policy, the disk, the answer.

use crate::server::Server;
use crate::valid::{self, valid};

pub(crate) fn run(bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let mut server = Server::with_disk(valid().disk.clone(), false);
    send(&mut server, bytes);
    server.assert_kept();
}

/// Says it as the first message of a connection.
pub(crate) fn send(server: &mut Server, bytes: &[u8]) {
    let connection = server.join();
    server.sync(connection, valid::document(), bytes);
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let valid = valid();
    let meetings = [
        (&valid.device, &valid.server),
        (&valid.device, &valid::empty()),
        (&valid::empty(), &valid.server),
        (&valid.server, &valid.server),
    ];
    let mut seeds = Vec::new();
    for (own, theirs) in meetings {
        let (up, down) = valid::conversation(own, theirs);
        seeds.extend(up.into_iter().chain(down).map(|message| message.encode()));
    }
    seeds
}
