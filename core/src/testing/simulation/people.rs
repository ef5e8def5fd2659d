//! What people do on the devices of a simulated world.

use serde_json::json;

use super::{PROGRAMME, Simulation};
use crate::command::{Command, Splice};
use crate::id::{DocumentId, RecordRef};
use crate::record::FieldPath;

impl Simulation {
    /// A person on a device does something small.
    pub(super) fn edit(&mut self, replica: usize, choice: u64) {
        let key = format!("ev{}", self.below(3));
        let reference = RecordRef::new("event", key);
        let document = DocumentId::of_record(PROGRAMME, &reference);
        let number = self.below(28) + 1;
        let now = self.now;
        let Some(workspace) = &mut self.replicas[replica].running else {
            return;
        };
        if !workspace.is_ready() {
            return;
        }
        let here = workspace.record(&document).ok();
        let command = match (choice, here) {
            (_, None) => Command::CreateRecord {
                programme: PROGRAMME.to_owned(),
                reference,
                values: Vec::new(),
            },
            (0, Some(_)) => Command::SetField {
                document,
                path: FieldPath::field("dates"),
                value: json!(format!("2021-03-{number:02}")),
                base: None,
            },
            (1, Some(_)) => Command::AddEntry {
                document,
                path: FieldPath::field("sessions").join(format!("s{replica}x{}", self.order)),
                values: vec![("title".to_owned(), json!("Session"))],
            },
            (_, Some(record)) => Command::EditText {
                document,
                path: FieldPath::field("objectives"),
                base: record.heads,
                splices: vec![Splice {
                    at: 0,
                    delete: 0,
                    insert: format!("from {replica} at {number}. "),
                }],
            },
        };
        workspace
            .execute(now, &command)
            .expect("a well-formed command on a loaded record");
        self.tally.edits += 1;
        self.drain(replica);
    }
}
