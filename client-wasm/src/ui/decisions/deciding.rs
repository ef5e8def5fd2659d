//! A decision on its way: the server is asked whether nobody else has decided, what is taken by
//! hand is entered and goes to the server, then it is told.
//!
//! What is entered is noted on the device in the same write, so a page that is cut off anywhere
//! goes on where it was. One tab at a time carries a decision on.

use leptos::prelude::*;
use meltemi_core::command::Command;

use super::{look, member, wrong_text};
use crate::app::account::Wrong;
use crate::app::decisions::under_way::Decided;
use crate::app::decisions::{ADDRESS, State, address, decision};
use crate::app::protocol::{Answer, Ask, Claimed, Done, Failure};
use crate::app::route::Route;
use crate::app::status::Line;
use crate::t;
use crate::ui::live::{effect, memo};
use crate::ui::page::{Page, Stage};
use crate::ui::{account, toasts};

/// A decision that the server does not know yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnderWay {
    pub(super) decided: Decided,
    pub(super) step: Step,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The other tabs and the server are asked whether it may begin.
    Asking,
    /// What is taken is entered into the record.
    Entering,
    /// What is taken goes to the server.
    Sending,
    /// The server is told.
    Telling,
    /// It could not be told.
    Failed(Wrong),
    /// It is over, and what was noted of it goes.
    Ending,
}

impl UnderWay {
    /// Whether it ends with the page, as nothing is noted of it.
    pub(super) fn is_lost_with_page(&self) -> bool {
        match self.step {
            Step::Asking | Step::Entering => true,
            Step::Telling => self.decided.state != State::InPart,
            Step::Sending | Step::Failed(_) | Step::Ending => false,
        }
    }
}

/// Carries decisions on, whatever screen is shown.
pub(super) fn follow(page: Page) {
    let under_way = page.decisions.under_way;
    let opened = memo(move || page.stage.get() == Stage::Ready && member(page).is_some());
    effect(move || {
        if opened.get() {
            resume(page);
        }
    });
    effect(move || {
        let Some(now) = under_way.get().filter(|now| now.step == Step::Sending) else {
            return;
        };
        let Some(status) = page.status.get() else {
            return;
        };
        if now.decided.is_refused(&status.refused) {
            end(page, move || {
                page.toasts.error(t!("decisions.wrong.not_taken"), None);
            });
        } else if status.line == Line::Online && status.unsaved == 0 && status.waiting == 0 {
            tell(page);
        }
    });
}

/// Goes on with a decision that is noted on this device, if no other tab does.
pub(super) fn resume(page: Page) {
    noted(page, |_| ());
}

/// The same, and says what is noted, whichever tab goes on with it.
pub(crate) fn noted(page: Page, then: impl FnOnce(Option<Decided>) + 'static) {
    page.ask(Ask::ClaimDecision { begin: false }, move |answer| {
        let Ok(Answer::Decision(claimed)) = answer else {
            return then(None);
        };
        let decided = claimed.decided.as_deref().and_then(Decided::read);
        carry_on(page, claimed);
        then(decided);
    });
}

fn carry_on(page: Page, claimed: Claimed) {
    let elsewhere = page.decisions.elsewhere;
    if !claimed.own && !elsewhere.get_untracked() {
        page.ask(Ask::AwaitDecision, move |_| {
            elsewhere.set(false);
            resume(page);
        });
    }
    elsewhere.set(!claimed.own);
    let Some(noted) = claimed.decided.filter(|_| claimed.own) else {
        return;
    };
    let under_way = page.decisions.under_way;
    if under_way.with_untracked(Option::is_some) {
        return;
    }
    match Decided::read(&noted) {
        Some(decided) => under_way.set(Some(UnderWay {
            decided,
            step: Step::Sending,
        })),
        // Nobody could ever go on with it.
        None => page.ask(Ask::EndDecision, |_| ()),
    }
}

/// Begins a decision on an entry that was `seen` in this state: as a whole, or in part by these
/// commands.
pub(super) fn begin(page: Page, decided: Decided, seen: State, commands: Vec<Command>) {
    let under_way = page.decisions.under_way;
    under_way.set(Some(UnderWay {
        decided,
        step: Step::Asking,
    }));
    page.ask(Ask::ClaimDecision { begin: true }, move |answer| {
        let claimed = match answer {
            Ok(Answer::Decision(claimed)) => claimed,
            Ok(_) => return under_way.set(None),
            Err(failure) => {
                under_way.set(None);
                return page.tell(&failure);
            }
        };
        if claimed.own && claimed.decided.is_none() {
            return check(page, seen, commands);
        }
        let text = if claimed.own {
            t!("decisions.other")
        } else {
            t!("decisions.elsewhere")
        };
        under_way.set(None);
        carry_on(page, claimed);
        page.toasts.error(text, None);
    });
}

/// Goes on if the server says that nobody else has decided.
fn check(page: Page, seen: State, commands: Vec<Command>) {
    account::send(page, "GET", ADDRESS, None, move |answer| {
        let Some(UnderWay { decided, .. }) = page.decisions.under_way.get_untracked() else {
            return;
        };
        page.decisions.hear(answer);
        let known = page.decisions.known;
        let may = known.with_untracked(|known| decided.is_as_seen(known, seen));
        match may {
            Err(wrong) => end(page, move || page.toasts.error(wrong_text(wrong), None)),
            Ok(()) if decided.state == State::InPart => enter(page, decided, commands),
            Ok(()) => tell(page),
        }
    });
}

/// Enters a part into the record.
fn enter(page: Page, mut decided: Decided, commands: Vec<Command>) {
    let status = page.status.get_untracked();
    decided.begin(&status.map(|status| status.refused).unwrap_or_default());
    let (noted, document) = (decided.write(), decided.document);
    page.decisions.under_way.set(Some(UnderWay {
        decided,
        step: Step::Entering,
    }));
    let Some(document) = document else {
        return end(page, || ());
    };
    let ask = Ask::TakePart {
        document,
        commands,
        decided: noted,
    };
    let entered = move |result: Result<Box<Done>, Failure>| {
        if let Err(failure) = result {
            page.tell(&failure);
            // What the disk does not take now stays in the worker, which tries again.
            if !matches!(failure.code.as_str(), "storage-full" | "storage-failed") {
                return end(page, || ());
            }
        }
        // The status that is known may be of a time before.
        page.ask(Ask::Status, move |answer| {
            if let Ok(Answer::Status(status)) = answer {
                page.status.set(Some(status));
            }
            step(page, Step::Sending);
        });
    };
    page.carry_out(ask, Box::new(entered));
}

/// Tells the server what was decided, for the first time or again.
pub(super) fn tell(page: Page) {
    let Some(UnderWay { decided, .. }) = step(page, Step::Telling) else {
        return;
    };
    let body = decision(decided.state, &decided.note);
    let address = address(&decided.id);
    account::send(page, "POST", &address, Some(body), move |answer| {
        let answer = answer.and_then(|answered| {
            let mut heard = Ok(());
            let known = page.decisions.known;
            known.update(|known| heard = known.hear_one(&answered));
            heard
        });
        match answer {
            Ok(()) => done(page, decided),
            Err("decided") if decided.state == State::InPart => learn(page, decided),
            // What was entered by hand is in the record already: it can be told again.
            Err(wrong) if decided.state == State::InPart => fail(page, wrong),
            Err(wrong) => {
                end(page, move || page.toasts.error(wrong_text(wrong), None));
                look(page);
            }
        }
    });
}

/// The server knows of a decision: of this one, whose answer did not come, or of another one.
fn learn(page: Page, decided: Decided) {
    account::send(page, "GET", ADDRESS, None, move |answer| {
        page.decisions.hear(answer);
        let known = page.decisions.known;
        let (told, trouble) = known.with_untracked(|it| (decided.is_told(it), it.trouble));
        match trouble {
            Some(wrong) => fail(page, wrong),
            None if told => done(page, decided),
            None => end(page, move || {
                page.toasts.error(t!("decisions.wrong.meanwhile"), None);
            }),
        }
    });
}

/// Leaves a decision that could not be told: what was entered stays, and the entry waits.
pub(super) fn leave(page: Page, then: impl FnOnce() + 'static) {
    end(page, move || {
        toasts::say(page, t!("decisions.left"));
        look(page);
        then();
    });
}

fn fail(page: Page, wrong: Wrong) {
    let Some(UnderWay { decided, .. }) = step(page, Step::Failed(wrong)) else {
        return;
    };
    if !is_shown(page, &decided) {
        page.toasts
            .error(t!("decisions.not_told"), Some(wrong_text(wrong)));
    }
}

fn end(page: Page, then: impl FnOnce() + 'static) {
    step(page, Step::Ending);
    page.ask(Ask::EndDecision, move |answer| {
        page.decisions.under_way.set(None);
        if let Err(failure) = answer {
            page.tell(&failure);
        }
        then();
    });
}

/// Goes on to a step; says what it is about.
fn step(page: Page, next: Step) -> Option<UnderWay> {
    let under_way = page.decisions.under_way;
    under_way.update(|now| {
        if let Some(now) = now {
            now.step = next;
        }
    });
    under_way.get_untracked()
}

fn is_shown(page: Page, decided: &Decided) -> bool {
    page.route.get_untracked() == Route::decisions(&decided.id)
}

fn done(page: Page, decided: Decided) {
    end(page, move || {
        let text = match decided.state {
            State::Accepted => t!("decisions.done_accepted"),
            State::InPart => t!("decisions.done_in_part"),
            State::Refused | State::Waiting => t!("decisions.done_refused"),
        };
        toasts::say(page, text);
        // What was asked before it was told may have been answered since.
        look(page);
        if is_shown(page, &decided) {
            page.go(Route::decisions(""));
        }
    });
}
