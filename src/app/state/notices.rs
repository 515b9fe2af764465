//! Messages to the user: the status line shows the newest, and a list has the earlier ones.

use std::time::Duration;

use super::{form::TrainingForm, training::sentence};
use crate::app::action::Action;

/// How long the status line shows information without a button.
const DURATION: Duration = Duration::from_secs(8);
/// The length of the list.
const MAX_NOTICES: usize = 50;

/// The severity of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something succeeded.
    Info,
    /// Something failed.
    Error,
}

/// A sentence for the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The severity.
    pub severity: Severity,
    /// The whole sentence.
    pub text: String,
    /// What the user may do about it.
    pub buttons: Vec<NoticeButton>,
    /// What must hold for it to be true; `None` for what has happened.
    pub claim: Option<Claim>,
}

impl Notice {
    /// Whether it says that a value of the training panel was refused.
    pub fn is_refusal(&self) -> bool {
        self.severity == Severity::Error && matches!(self.claim, Some(Claim::Form(_)))
    }
}

/// A state of the window that a notice claims.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The model of this run is in use, by this name.
    InUse {
        /// The run.
        run: u64,
        /// Its name.
        name: String,
    },
    /// The network sees the picture on the pad with noise.
    NoisyPicture,
    /// The training panel has these fields.
    Form(Box<TrainingForm>),
    /// The last file that was opened or saved failed.
    FileFailed,
}

/// A button beside a notice.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeButton {
    /// Its text.
    pub label: String,
    /// What it does, besides dismissing the notice.
    pub action: Action,
    /// Whether it still can be done.
    pub is_possible: bool,
}

impl NoticeButton {
    /// A button with this text and action.
    pub fn new(label: impl Into<String>, action: Action) -> Self {
        Self {
            label: label.into(),
            action,
            is_possible: true,
        }
    }
}

/// All notices. At most one is in the status line.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
    /// Whether the newest notice is in the status line.
    is_shown: bool,
    /// When it leaves the status line, on the clock of [`Notices::expire`].
    expires_at: Option<Duration>,
    now: Duration,
}

impl Notices {
    /// All notices, the oldest first.
    pub fn list(&self) -> &[Notice] {
        &self.list
    }

    /// The notice in the status line.
    pub fn shown(&self) -> Option<&Notice> {
        self.list.last().filter(|_| self.is_shown)
    }

    /// Reports a failure. It stays until it is dismissed or replaced.
    pub fn error(&mut self, text: impl Into<String>) {
        let text = sentence(&text.into());
        log::warn!(target: "digitpad", "{text}");
        self.push(Severity::Error, text, Vec::new());
    }

    /// Reports a success for some seconds.
    pub fn info(&mut self, text: impl Into<String>) {
        self.offer_all(text, Vec::new());
    }

    /// Reports a success and offers an action. It stays until it is dismissed or replaced.
    pub fn offer(&mut self, text: impl Into<String>, label: impl Into<String>, action: Action) {
        self.offer_all(text, vec![NoticeButton::new(label, action)]);
    }

    /// Reports a success and offers several actions.
    pub fn offer_all(&mut self, text: impl Into<String>, buttons: Vec<NoticeButton>) {
        let text = sentence(&text.into());
        log::info!(target: "digitpad", "{text}");
        let expires = buttons.is_empty();
        self.push(Severity::Info, text, buttons);
        if expires {
            self.expires_at = Some(self.now + DURATION);
        }
    }

    /// Ties the newest notice to a state: it goes with it.
    pub(super) fn claim(&mut self, claim: Claim) {
        if let Some(newest) = self.list.last_mut() {
            newest.claim = Some(claim);
        }
    }

    /// Withdraws the offer of this action, which is no longer possible, in the status line.
    pub fn withdraw(&mut self, action: &Action) {
        let Some(shown) = self.list.last_mut().filter(|_| self.is_shown) else {
            return;
        };
        let mut buttons = shown.buttons.iter_mut();
        let Some(button) = buttons.find(|it| it.is_possible && it.action == *action) else {
            return;
        };
        button.is_possible = false;
        if shown.buttons.iter().all(|button| !button.is_possible) {
            self.expires_at = Some(self.now + DURATION);
        }
    }

    /// Removes the notice from the status line. The list keeps it.
    pub fn dismiss(&mut self) {
        self.is_shown = false;
    }

    /// Dismisses a notice that expired before `now`. Returns the time until the shown one expires.
    pub fn expire(&mut self, now: Duration) -> Option<Duration> {
        self.now = now;
        let expires_at = self.expires_at.filter(|_| self.is_shown)?;
        if expires_at <= now {
            self.dismiss();
            return None;
        }
        Some(expires_at.saturating_sub(now))
    }

    /// Shows a notice in place of the previous one. The list has no notice twice.
    fn push(&mut self, severity: Severity, text: String, buttons: Vec<NoticeButton>) {
        self.list.retain(|notice| notice.text != text);
        if self.list.len() == MAX_NOTICES {
            self.list.remove(0);
        }
        self.list.push(Notice {
            severity,
            text,
            buttons,
            claim: None,
        });
        self.is_shown = true;
        self.expires_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(notices: &Notices) -> Option<&str> {
        notices.shown().map(|notice| notice.text.as_str())
    }

    #[test]
    fn a_notice_replaces_the_one_before_and_the_list_keeps_both() {
        let mut notices = Notices::default();
        notices.error("could not read x");
        assert_eq!(shown(&notices), Some("Could not read x."), "as a sentence");
        notices.info("Saved to y.");
        assert_eq!(shown(&notices), Some("Saved to y."), "the newest");
        assert_eq!(notices.list().len(), 2, "both are in the list");
        notices.dismiss();
        assert_eq!(shown(&notices), None, "the earlier one does not return");
        assert_eq!(notices.list().len(), 2, "both stay in the list");
    }

    #[test]
    fn only_information_without_a_button_expires() {
        type Report = fn(&mut Notices);
        let secs = Duration::from_secs;
        let cases: [(Report, Option<Duration>, &str); 4] = [
            (|n| n.info("saved"), Some(secs(1)), "information"),
            (|n| n.error("failed"), None, "an error"),
            (
                |n| n.offer("cleared", "Undo", Action::Undo),
                None,
                "an offer",
            ),
            (
                |n| {
                    n.offer("cleared", "Undo", Action::Undo);
                    n.withdraw(&Action::Redo);
                    n.withdraw(&Action::Undo);
                },
                Some(secs(1)),
                "an offer that is withdrawn",
            ),
        ];
        for (report, wait, reason) in cases {
            let mut notices = Notices::default();
            assert_eq!(notices.expire(secs(10)), None, "nothing to wait for");
            report(&mut notices);
            assert_eq!(notices.expire(secs(17)), wait, "{reason} waits");
            assert_eq!(
                notices.expire(secs(18)),
                None,
                "{reason} has no more to wait"
            );
            assert_eq!(notices.shown().is_none(), wait.is_some(), "{reason}");
        }
    }

    #[test]
    fn the_list_is_bounded_and_has_no_duplicates() {
        let mut notices = Notices::default();
        for _ in 0..3 {
            notices.error("the same");
        }
        assert_eq!(notices.list().len(), 1, "one notice");
        for index in 0..100 {
            notices.error(format!("error {index}"));
        }
        assert_eq!(notices.list().len(), MAX_NOTICES, "bounded");
        assert_eq!(shown(&notices), Some("Error 99."), "the newest stays");
    }
}
