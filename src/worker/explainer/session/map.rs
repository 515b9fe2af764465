//! The map of a session.

use std::{sync::Arc, time::Instant};

use super::{ExplanationTask, Known, MnistImages, Session, opened};
use crate::{
    error::ModelError, evaluation::batch_size, explanation::map::Plane, recognition,
    worker::explainer::DigitMap,
};

/// The fewest images of a map, for a slow or wide network.
const MIN_IMAGES: usize = 100;
/// The most multiplications for a map: a fifth of a second.
const MAX_WORK: usize = 4_000_000_000;
/// The most values from which the axes of a map are computed: 32 MB.
const MAX_VALUES: usize = 8_000_000;

/// A map and its network.
pub(super) struct OpenMap {
    known: Known,
    layer: usize,
    plane: Plane,
    points: Arc<Vec<[f32; 2]>>,
    made: Instant,
}

impl OpenMap {
    fn new(known: Known, layer: usize, mnist: &MnistImages) -> Result<Self, ModelError> {
        let config = known.network.config();
        let width = config.widths()[layer];
        let most = (MAX_WORK / config.multiplications()).min(MAX_VALUES / width);
        let count = most.clamp(MIN_IMAGES, mnist.first.len());
        let mut rows = Vec::with_capacity(count * width);
        let step = batch_size(&known.model.mlp);
        for start in (0..count).step_by(step) {
            let part = start..count.min(start + step);
            let pixels = mnist.images.pixels(part, &known.network);
            rows.extend(known.network.outputs(layer, &pixels));
        }
        if !rows.iter().all(|value| value.is_finite()) {
            return Err(recognition::not_finite());
        }
        let plane = Plane::of(&mut rows, width);
        let points = rows
            .chunks_exact(width)
            .map(|row| plane.point_of_centered(row));
        Ok(Self {
            points: Arc::new(points.collect()),
            known,
            layer,
            plane,
            made: Instant::now(),
        })
    }
}

impl Session {
    pub(super) fn map(&mut self, task: &ExplanationTask) -> Result<DigitMap, ModelError> {
        let widths = task.known.network.config().widths();
        let layer = task.request.map_layer.unwrap_or(widths.len() - 2);
        let layer = layer.min(widths.len() - 1);
        let mnist = opened(&mut self.mnist)?;
        let serves = |open: &OpenMap| open.layer == layer && open.known.serves(task, open.made);
        let open = match self.map.take().filter(serves) {
            Some(open) => open,
            None => OpenMap::new(task.known.clone(), layer, mnist)?,
        };
        let own = task.bitmap.as_ref().map(|bitmap| {
            let row = open.known.network.outputs(layer, bitmap.pixels());
            open.plane.point(&row)
        });
        let map = DigitMap {
            examples: mnist.first.take(open.points.len()),
            points: Arc::clone(&open.points),
            variance: open.plane.variance,
            own,
            layer,
        };
        self.map = Some(open);
        Ok(map)
    }
}
