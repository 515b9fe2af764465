//! Pictures from and to the clipboard.

use std::sync::Arc;

use egui::{Color32, ColorImage, Context, Event, ViewportCommand};

use crate::{
    app::{
        action::{Action, PastedPicture},
        state::{State, pad::PadFrame},
    },
    bitmap::SIDE,
    ink::{Point, raster::Raster, smooth},
};

/// The height of a copied picture, in pixels: ten for each pixel of the network's input.
const COPIED: usize = 10 * SIDE;

/// Asks the system for the content of the clipboard, which arrives in a later frame.
pub(super) fn request_paste(ctx: &Context) {
    ctx.send_viewport_cmd(ViewportCommand::RequestPaste);
}

/// Pastes a picture, and copies the content of the pad, as the keys of the system ask.
pub(super) fn clipboard_actions(ctx: &Context, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    for event in ctx.input(|input| input.events.clone()) {
        match event {
            Event::PasteImage(image) => actions.push(paste(&image)),
            Event::Copy => copy(ctx, state),
            _ => {}
        }
    }
    actions
}

fn paste(image: &ColorImage) -> Action {
    let colors = image.pixels.iter().flat_map(Color32::to_srgba_unmultiplied);
    Action::PastePicture(Arc::new(PastedPicture {
        rgba: colors.collect(),
        size: image.size,
    }))
}

/// Copies the content of the pad, with all ink, as dark ink on white paper.
pub(super) fn copy(ctx: &Context, state: &State) {
    let (width, shades): (usize, Vec<f32>) = if let Some(picture) = state.pad.picture() {
        let scale = COPIED / SIDE;
        let place = |index: usize| index / COPIED / scale * SIDE + index % COPIED / scale;
        let pixels = picture.bitmap.pixels();
        let shades = (0..COPIED * COPIED).map(|it| pixels[place(it)]);
        (COPIED, shades.collect())
    } else if state.pad.ink().is_empty() {
        return;
    } else {
        let shape = state.settings.pad_shape;
        let PadFrame { corner, height } = PadFrame::of(state.pad.ink(), shape);
        let scale = COPIED as f32 / height;
        let strokes = state.pad.ink().strokes().iter();
        let lines: Vec<Vec<Point>> = strokes
            .map(|stroke| {
                let points = stroke.points().iter().map(|&it| (it - corner) * scale);
                smooth::flatten(&points.collect::<Vec<Point>>(), 0.2)
            })
            .collect();
        let pen = state.settings.pen_width.of_pad() * scale;
        let width = (COPIED as f32 * shape.width()) as usize;
        let raster = Raster::draw(&lines, pen, width, COPIED);
        (width, raster.pixels().to_vec())
    };
    let gray = |shade: f32| Color32::from_gray(255 - (shade.clamp(0.0, 1.0) * 255.0).round() as u8);
    let pixels = shades.into_iter().map(gray).collect();
    ctx.copy_image(ColorImage::new([width, COPIED], pixels));
}
