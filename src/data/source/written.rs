//! Paths as a file can hold them. One that is no text, as Unix has them, is written as what it is made of.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// A path in a file: as text where it is text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Raw(OsString),
}

impl Written {
    fn of(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Raw(path.into()),
        }
    }

    fn path(self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Raw(raw) => raw.into(),
        }
    }
}

/// A path, or none.
pub(super) mod one {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{PathBuf, Written};

    #[expect(clippy::ref_option, reason = "serde hands the field itself")]
    pub(in super::super) fn serialize<S: Serializer>(
        path: &Option<PathBuf>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Written::of).serialize(to)
    }

    pub(in super::super) fn deserialize<'a, D: Deserializer<'a>>(
        from: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::deserialize(from)?.map(Written::path))
    }
}

/// Any number of paths.
pub(super) mod many {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{PathBuf, Written};

    pub(in super::super) fn serialize<S: Serializer>(
        paths: &[PathBuf],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(paths.iter().map(|path| Written::of(path)))
    }

    pub(in super::super) fn deserialize<'a, D: Deserializer<'a>>(
        from: D,
    ) -> Result<Vec<PathBuf>, D::Error> {
        let paths: Vec<Written> = Vec::deserialize(from)?;
        Ok(paths.into_iter().map(Written::path).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::DataSource;

    #[cfg(unix)]
    #[test]
    fn paths_that_are_no_text_come_back_as_they_were() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::PathBuf};
        let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
        let (text, raw) = (path("/data/ä".as_bytes()), path(b"/data/\xe4 1"));
        let cases = [
            (Some(&text), vec![&text], "text"),
            (Some(&raw), vec![&raw], "none is text"),
            (None, vec![&text, &raw, &text], "some are"),
            (Some(&raw), Vec::new(), "a folder alone"),
        ];
        for (folder, ink, reason) in cases {
            let source = DataSource {
                folder: folder.cloned(),
                ink: ink.into_iter().cloned().collect(),
                ..DataSource::default()
            };
            let text = toml::to_string(&source).expect(reason);
            assert_eq!(toml::from_str(&text), Ok(source), "{reason}:\n{text}");
        }
    }

    #[test]
    fn text_is_written_as_it_always_was() {
        let text = "folder = \"/data\"\nink = [\"/ink\"]\n";
        let source: DataSource = toml::from_str(text).expect("as before");
        assert_eq!(toml::to_string(&source).as_deref(), Ok(text), "the same");
        assert_eq!(
            toml::from_str("ink = []"),
            Ok(DataSource::default()),
            "what is left out is nothing"
        );
    }
}
