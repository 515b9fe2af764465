//! The drawings in a file, for commands that read drawings.

use std::path::Path;

use crate::{
    error::{CliError, InputError, Refusal, excerpt},
    files::{
        kind::{FileKind, content_of},
        limits::INK_BYTES,
        read_bounded, read_standard_input,
    },
    ink::file::{self, InkRecord},
    picture::{self, ReadPicture},
};

/// What is drawn in a file.
pub(super) enum Drawings {
    /// A picture.
    Picture(Box<ReadPicture>),
    /// The drawings of an ink file, in order.
    Ink(Vec<InkRecord>),
}

impl Drawings {
    /// Reads a file or, for "-", standard input.
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let bytes = read(path)?;
        let name = name_of(path);
        match FileKind::of_content(&bytes) {
            Some(FileKind::Picture) => {
                let name = format!("the picture {name}");
                Ok(Self::Picture(picture::from_bytes(&bytes, &name)?.into()))
            }
            Some(FileKind::Ink) => Ok(Self::Ink(file::from_bytes(&bytes, &name)?)),
            _ => Err(Refusal::new(
                format!("read a drawing from {name}"),
                content_of(&bytes),
                "a picture (PNG, JPEG, BMP, WebP, GIF, PNM or TIFF) or an ink file (JSON Lines)",
                "choose a file of one of these kinds",
            )
            .into()),
        }
    }
}

/// Whether a path stands for standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The name of a file in messages.
pub(super) fn name_of(path: &Path) -> String {
    if is_standard_input(path) {
        "standard input".to_owned()
    } else {
        excerpt(path.display())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, InputError> {
    let attempted = format!("read a drawing from {}", name_of(path));
    if is_standard_input(path) {
        read_standard_input(INK_BYTES, &attempted)
    } else {
        read_bounded(path, INK_BYTES, &attempted)
    }
}
