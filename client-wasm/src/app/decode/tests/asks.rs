//! Every way to ask the worker.

use std::collections::HashSet;
use std::mem::discriminant;

use super::{commands, document};
use crate::app::decode::asked;
use crate::app::protocol::{Ask, ToWorker};

#[test]
fn asks_read_back() {
    let id = document();
    let text = || "271828".to_owned();
    let mut asks = vec![
        Ask::Status,
        Ask::Overview { today: text() },
        Ask::Summaries { kind: text() },
        Ask::Record { id },
        Ask::History {
            id,
            skip: 1,
            count: 2,
        },
        Ask::Refused { id },
        Ask::DecideRefused { id, again: true },
        Ask::ExportRefused { id },
        Ask::Proposed {
            id,
            changes: text(),
        },
        Ask::ClaimDecision { begin: true },
        Ask::TakePart {
            document: id,
            commands: commands(),
            decided: text(),
        },
        Ask::AwaitDecision,
        Ask::EndDecision,
        Ask::ExportUnsent,
        Ask::KeepAccount { account: text() },
        Ask::Unlock { pin: text() },
        Ask::GiveUpLock,
        Ask::Lock { pin: text() },
        Ask::ChangePin {
            pin: text(),
            new: "314159".to_owned(),
        },
        Ask::EndLock,
        Ask::Reconnect,
        Ask::Dismiss { notice: 3 },
    ];
    asks.extend(
        commands()
            .into_iter()
            .map(|command| Ask::Execute { command }),
    );
    let tried: HashSet<_> = asks.iter().map(discriminant).collect();
    assert_eq!(tried.len(), ways(&asks[0]), "a way to ask is not tried");
    for ask in asks {
        let message = ToWorker { id: 7, ask };
        let text = serde_json::to_string(&message).expect("messages are JSON");
        assert_eq!(asked(&text), Ok(message), "{text}");
    }
}

/// How many ways to ask there are. Another one makes this fail to compile: it is tried above.
const fn ways(ask: &Ask) -> usize {
    match ask {
        Ask::Status
        | Ask::Overview { .. }
        | Ask::Summaries { .. }
        | Ask::Record { .. }
        | Ask::History { .. }
        | Ask::Refused { .. }
        | Ask::DecideRefused { .. }
        | Ask::ExportRefused { .. }
        | Ask::Proposed { .. }
        | Ask::Execute { .. }
        | Ask::ClaimDecision { .. }
        | Ask::TakePart { .. }
        | Ask::AwaitDecision
        | Ask::EndDecision
        | Ask::ExportUnsent
        | Ask::KeepAccount { .. }
        | Ask::Unlock { .. }
        | Ask::GiveUpLock
        | Ask::Lock { .. }
        | Ask::ChangePin { .. }
        | Ask::EndLock
        | Ask::Reconnect
        | Ask::Dismiss { .. } => 23,
    }
}
