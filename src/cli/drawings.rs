//! The drawings in a file, for commands that read drawings.

use std::{path::Path, sync::Arc};

use super::reading::BoxFields;
use crate::{
    error::{CliError, InputError, ModelError, Refusal, excerpt},
    files::{
        kind::{FileKind, content_of},
        limits::INK_BYTES,
        read_bounded, read_standard_input,
    },
    ink::{
        Bounds, Ink,
        file::{self, InkRecord},
    },
    model::file::Model,
    picture::{self, ReadPicture},
    recognition::number::{Constraints, NumberReader, Reading},
};

/// A drawing of a file.
pub(super) struct FileDrawing {
    /// Its number in an ink file, from 1.
    pub(super) record: Option<usize>,
    content: DrawingContent,
}

enum DrawingContent {
    Picture(Box<ReadPicture>),
    Record(InkRecord),
}

impl FileDrawing {
    /// The drawings of a file or, for "-", of standard input, in order.
    pub(super) fn read_all(path: &Path) -> Result<Vec<Self>, CliError> {
        let bytes = read(path)?;
        let name = name_of(path);
        match FileKind::of_content(&bytes) {
            Some(FileKind::Picture) => {
                let name = format!("the picture {name}");
                let picture = picture::from_bytes(&bytes, &name)?;
                Ok(vec![Self {
                    record: None,
                    content: DrawingContent::Picture(picture.into()),
                }])
            }
            Some(FileKind::Ink) => {
                let records = (1..).zip(file::from_bytes(&bytes, &name)?);
                let drawing = |(number, record)| Self {
                    record: Some(number),
                    content: DrawingContent::Record(record),
                };
                Ok(records.map(drawing).collect())
            }
            _ => Err(Refusal::new(
                format!("read a drawing from {name}"),
                content_of(&bytes),
                "a picture (PNG, JPEG, BMP, WebP, GIF, PNM or TIFF) or an ink file (JSON Lines)",
                "choose a file of one of these kinds",
            )
            .into()),
        }
    }

    /// The name of the drawing in lines for people, from that of its file.
    pub(super) fn name(&self, file: &str) -> String {
        let record = self.record.map(|record| format!(":{record}"));
        excerpt(file) + &record.unwrap_or_default()
    }

    /// What the drawing shows.
    pub(super) fn reading(
        &self,
        model: &Arc<Model>,
        constraints: Constraints,
    ) -> Result<Reading, ModelError> {
        let mut reader = NumberReader::new(Arc::clone(model));
        match &self.content {
            DrawingContent::Picture(picture) => match &picture.view.components {
                Some(ink) => reader.read_picture(ink, &picture.bitmap, constraints),
                None => reader.read_bitmap(&picture.bitmap),
            },
            DrawingContent::Record(record) => match &record.picture {
                Some(bitmap) => reader.read_bitmap(bitmap),
                None => reader.read(&record.ink, constraints),
            },
        }
    }

    /// What the drawing shows as one character, even if it plainly shows more.
    pub(super) fn reading_as_one(&self, model: &Arc<Model>) -> Result<Reading, ModelError> {
        let reader = NumberReader::new(Arc::clone(model));
        match &self.content {
            DrawingContent::Picture(picture) => reader.read_bitmap(&picture.bitmap),
            DrawingContent::Record(record) => match &record.picture {
                Some(bitmap) => reader.read_bitmap(bitmap),
                None => reader.read_whole(&record.ink),
            },
        }
    }

    /// Its strokes; `None` of a picture.
    pub(super) fn strokes(&self) -> Option<&Ink> {
        match &self.content {
            DrawingContent::Record(record) => record.picture.is_none().then_some(&record.ink),
            DrawingContent::Picture(_) => None,
        }
    }

    /// The box of a digit of a reading of it, in its own units.
    pub(super) fn box_of(&self, reading: &Reading, digit: usize) -> Option<BoxFields> {
        let whole = |all: Option<Bounds>| match reading {
            Reading::Number(number) => Some(number.digits[digit].bounds),
            _ => all,
        };
        let sides = match &self.content {
            DrawingContent::Picture(picture) => {
                let ink = picture.view.components.as_ref()?;
                ink.in_picture(&whole(ink.all_bounds())?)
            }
            DrawingContent::Record(record) => record.units.of(&whole(record.ink.bounds())?),
        };
        Some(BoxFields::new(sides))
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
