//! Notices to the user. Errors stay until they are dismissed, information expires.

use std::time::Duration;

use super::training::sentence;

/// How long information stays.
const NOTICE_DURATION: Duration = Duration::from_secs(8);
/// More notices would fill the window: the oldest is removed.
const MAX_NOTICES: usize = 20;

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
    /// Identifies the notice in actions.
    pub id: u64,
    /// The severity.
    pub severity: Severity,
    /// The whole sentence.
    pub text: String,
    /// When it expires, on the clock of [`Notices::expire`].
    expires_at: Option<Duration>,
}

/// The notices that are shown.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
    next_id: u64,
    now: Duration,
}

impl Notices {
    /// The notices, the oldest first.
    pub fn list(&self) -> &[Notice] {
        &self.list
    }

    /// Reports a failure. Replaces an earlier notice with the same text.
    pub fn error(&mut self, text: impl Into<String>) {
        let text = sentence(&text.into());
        log::warn!(target: "digitpad", "{text}");
        self.push(Severity::Error, text, None);
    }

    /// Reports a success.
    pub fn info(&mut self, text: impl Into<String>) {
        let text = sentence(&text.into());
        log::info!(target: "digitpad", "{text}");
        self.push(Severity::Info, text, Some(self.now + NOTICE_DURATION));
    }

    /// Removes a notice.
    pub fn dismiss(&mut self, id: u64) {
        self.list.retain(|notice| notice.id != id);
    }

    /// Removes notices that expired before `now`. Returns the time until the next one expires.
    pub fn expire(&mut self, now: Duration) -> Option<Duration> {
        self.now = now;
        self.list
            .retain(|notice| notice.expires_at.is_none_or(|at| at > now));
        self.list
            .iter()
            .filter_map(|notice| notice.expires_at)
            .min()
            .map(|at| at.saturating_sub(now))
    }

    fn push(&mut self, severity: Severity, text: String, expires_at: Option<Duration>) {
        self.list.retain(|notice| notice.text != text);
        if self.list.len() == MAX_NOTICES {
            self.list.remove(0);
        }
        self.next_id += 1;
        self.list.push(Notice {
            id: self.next_id,
            severity,
            text,
            expires_at,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stay_and_information_expires() {
        let mut notices = Notices::default();
        assert_eq!(
            notices.expire(Duration::from_secs(10)),
            None,
            "nothing to wait for"
        );
        notices.error("could not read x");
        notices.info("Saved to y.");
        assert_eq!(
            notices.expire(Duration::from_secs(17)),
            Some(Duration::from_secs(1)),
            "waits"
        );
        assert_eq!(
            notices.expire(Duration::from_secs(18)),
            None,
            "the information is gone"
        );
        let texts: Vec<_> = notices
            .list()
            .iter()
            .map(|notice| notice.text.as_str())
            .collect();
        assert_eq!(
            texts,
            ["Could not read x."],
            "the error stays, as a sentence"
        );
        notices.dismiss(notices.list()[0].id);
        assert!(notices.list().is_empty(), "until it is dismissed");
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
        assert_eq!(
            notices.list()[MAX_NOTICES - 1].text,
            "Error 99.",
            "the newest stays"
        );
    }
}
