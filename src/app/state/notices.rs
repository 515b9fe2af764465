//! What happened and is worth a sentence: errors stay until they are dismissed, news go by themselves.

use std::time::Duration;

use super::training::sentence;

/// How long a piece of news stays.
const NOTICE_DURATION: Duration = Duration::from_secs(8);
/// Beyond this the oldest piece goes: nobody reads on, and the window would be full of them.
const MOST: usize = 20;

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something went as it should.
    News,
    /// Something did not happen that was asked for.
    Error,
}

/// A sentence for the person at the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Names it in actions.
    pub id: u64,
    /// How much it matters.
    pub severity: Severity,
    /// The whole sentence.
    pub text: String,
    /// When it goes by itself, on the clock that [`Notices::expire`] is told.
    expires_at: Option<Duration>,
}

/// The notices that are shown, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
    next_id: u64,
    now: Duration,
}

impl Notices {
    /// Those that are shown.
    pub fn list(&self) -> &[Notice] {
        &self.list
    }

    /// Says that something did not work. The same sentence is not said twice.
    pub fn error(&mut self, text: impl Into<String>) {
        let text = sentence(&text.into());
        log::warn!(target: "digitpad", "{text}");
        self.push(Severity::Error, text, None);
    }

    /// Says that something worked.
    pub fn news(&mut self, text: impl Into<String>) {
        let text = sentence(&text.into());
        log::info!(target: "digitpad", "{text}");
        self.push(Severity::News, text, Some(self.now + NOTICE_DURATION));
    }

    /// Takes one away.
    pub fn dismiss(&mut self, id: u64) {
        self.list.retain(|notice| notice.id != id);
    }

    /// Takes away what is over at `now`, and says how long until the next one is.
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
        if self.list.len() == MOST {
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
    fn errors_stay_and_news_go() {
        let mut notices = Notices::default();
        assert_eq!(
            notices.expire(Duration::from_secs(10)),
            None,
            "nothing to wait for"
        );
        notices.error("could not read x");
        notices.news("Saved to y.");
        assert_eq!(
            notices.expire(Duration::from_secs(17)),
            Some(Duration::from_secs(1)),
            "waits"
        );
        assert_eq!(
            notices.expire(Duration::from_secs(18)),
            None,
            "the news are gone"
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
    fn the_list_is_bounded_and_says_nothing_twice() {
        let mut notices = Notices::default();
        for _ in 0..3 {
            notices.error("the same");
        }
        assert_eq!(notices.list().len(), 1, "said once");
        for index in 0..100 {
            notices.error(format!("error {index}"));
        }
        assert_eq!(notices.list().len(), MOST, "bounded");
        assert_eq!(
            notices.list()[MOST - 1].text,
            "Error 99.",
            "the newest is there"
        );
    }
}
