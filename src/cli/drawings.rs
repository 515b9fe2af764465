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
        let name = path.display().to_string();
        match FileKind::of_content(&bytes) {
            Some(FileKind::Picture) => {
                let name = format!("the picture {}", excerpt(&name));
                Ok(Self::Picture(picture::from_bytes(&bytes, &name)?.into()))
            }
            Some(FileKind::Ink) => Ok(Self::Ink(file::from_bytes(&bytes, &name)?)),
            _ => Err(Refusal::new(
                format!("read a drawing from {}", excerpt(&name)),
                content_of(&bytes),
                "a picture (PNG, JPEG, BMP, WebP, GIF, PNM or TIFF) or an ink file (JSON Lines)",
                "choose a file of one of these kinds",
            )
            .into()),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, InputError> {
    if path.as_os_str() == "-" {
        return read_standard_input(INK_BYTES, "read a drawing from standard input");
    }
    let attempted = format!("read a drawing from {}", excerpt(path.display()));
    read_bounded(path, INK_BYTES, &attempted)
}
