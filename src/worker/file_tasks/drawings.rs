//! The lists of drawings with what the pad says of each.

use std::{mem, sync::Arc};

use crate::{
    error::ModelError,
    ink::file::InkRecord,
    model::file::Model,
    recognition::{
        RecognizedDrawing,
        number::{Constraints, NumberReader},
    },
    store::settings::PadShape,
};

/// The lists that were read last.
#[derive(Default)]
pub(super) struct DrawingLists {
    history: KnownDrawings,
    corrections: KnownDrawings,
}

impl DrawingLists {
    /// Reads the drawings of the history. Those of the pad for numbers may be numbers.
    ///
    /// # Errors
    /// As [`RecognizedDrawing::read`].
    pub(super) fn read_history(
        &mut self,
        model: &Arc<Model>,
        records: Vec<InkRecord>,
    ) -> Result<Vec<RecognizedDrawing>, ModelError> {
        self.history.read(model, records, |record| {
            match PadShape::of(&record.as_drawn()) {
                PadShape::Line => Constraints::default(),
                PadShape::Square => Constraints::CHARACTER,
            }
        })
    }

    /// Reads the corrections, each of which is one character.
    ///
    /// # Errors
    /// As [`RecognizedDrawing::read`].
    pub(super) fn read_corrections(
        &mut self,
        model: &Arc<Model>,
        records: Vec<InkRecord>,
    ) -> Result<Vec<RecognizedDrawing>, ModelError> {
        self.corrections
            .read(model, records, |_| Constraints::CHARACTER)
    }
}

/// A list that one model has read. A drawing that stays in the list is not read again: a list of scribbles takes
/// milliseconds for each.
#[derive(Default)]
struct KnownDrawings {
    model: Option<Arc<Model>>,
    list: Vec<RecognizedDrawing>,
}

impl KnownDrawings {
    /// The new list, without blank drawings. `known_of` says what is known of a drawing that was not in the list before.
    fn read(
        &mut self,
        model: &Arc<Model>,
        records: Vec<InkRecord>,
        known_of: impl Fn(&InkRecord) -> Constraints,
    ) -> Result<Vec<RecognizedDrawing>, ModelError> {
        let known = mem::take(&mut self.list);
        let is_same = |before: &Arc<Model>| Arc::ptr_eq(before, model);
        let is_known = self.model.as_ref().is_some_and(is_same);
        // The order of drawings stays.
        let mut rest = if is_known { &known[..] } else { &[] };
        let mut reader = NumberReader::new(Arc::clone(model));
        let mut list = Vec::new();
        for record in records {
            if let Some(place) = rest.iter().position(|before| before.record == record) {
                list.push(rest[place].clone());
                rest = &rest[place + 1..];
            } else {
                let known = known_of(&record);
                list.extend(RecognizedDrawing::read(&mut reader, record, known)?);
            }
        }
        self.model = Some(Arc::clone(model));
        self.list.clone_from(&list);
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::ink::{Point, Stroke};

    #[test]
    fn a_drawing_that_stays_in_the_list_is_read_once_by_a_model() {
        let built_in = || Arc::new(Model::built_in().expect("it fits"));
        let (first, second) = (built_in(), built_in());
        let drawing = |x: f32| {
            let points = vec![Point::new(x, 0.1), Point::new(x, 0.9)];
            InkRecord {
                ink: Stroke::new(points).into_iter().collect(),
                ..InkRecord::default()
            }
        };
        let [a, b, c, d] = [0.1, 0.2, 0.3, 0.4].map(drawing);
        let blank = InkRecord::default();
        let mut known = KnownDrawings::default();
        let cases = [
            (&first, vec![&a, &b, &c], 3, "all are new"),
            (&first, vec![&b, &c, &d], 1, "the oldest goes, one comes"),
            (&first, vec![&b, &blank, &d], 1, "a blank one in the middle"),
            (&second, vec![&b, &d], 2, "by another model"),
        ];
        for (model, records, expected, reason) in cases {
            let count = Cell::new(0);
            let records: Vec<InkRecord> = records.into_iter().cloned().collect();
            let list = known.read(model, records.clone(), |_| {
                count.set(count.get() + 1);
                Constraints::CHARACTER
            });
            assert_eq!(count.get(), expected, "{reason}");
            let shown = list.expect("finite").into_iter().map(|it| it.record);
            let inked = records.into_iter().filter(|it| !it.ink.is_empty());
            assert!(shown.eq(inked), "{reason}: in order");
        }
    }
}
