//! The window: its state, its workers, and the loop between them.

pub mod action;
pub mod state;

mod effects;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use egui::{Context, Ui, ViewportBuilder, ViewportCommand};

use self::{action::Effect, effects::Workers, state::State};
use crate::{
    error::{ModelError, WindowError},
    model::file::Model,
    store::{
        checkpoints, corrections, run_library,
        settings::{self, Settings},
    },
    ui::View,
};

/// What the window is started with.
#[derive(Clone, Debug, Default)]
pub struct WindowOptions {
    /// The weights that answer at first, instead of the shipped ones.
    pub weights: Option<PathBuf>,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When the weights do not fit, there is no display, or the window cannot be drawn on it.
pub fn run(options: WindowOptions) -> Result<(), WindowError> {
    let loaded = load(options)?;
    if !has_display() {
        return Err(WindowError::NoDisplay {
            reason: "neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned(),
        });
    }
    let folder = settings::folder();
    let (settings, notice) = folder.as_deref().map(Settings::load).unwrap_or_default();
    let mut viewport = ViewportBuilder::default()
        .with_title("Digitpad")
        .with_app_id("digitpad")
        .with_inner_size(settings.window_size)
        .with_min_inner_size(Settings::MIN_WINDOW_SIZE);
    match eframe::icon_data::from_png_bytes(include_bytes!("../assets/icon.png")) {
        Ok(icon) => viewport = viewport.with_icon(icon),
        Err(error) => log::warn!("the window's icon cannot be read: {error}"),
    }
    let native = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        let mut app = App::new(&creation.egui_ctx, settings, loaded)?;
        app.folder = folder;
        if let Some(folder) = checkpoints::data_folder() {
            app.use_data_folder(&folder);
        }
        if let Some(notice) = notice {
            app.state.notices.error(notice);
        }
        Ok(Box::new(app))
    });
    eframe::run_native("digitpad", native, create).map_err(WindowError::from)
}

/// Reads the weights that are asked for.
fn load(options: WindowOptions) -> Result<Option<(PathBuf, Model)>, ModelError> {
    let Some(path) = options.weights else {
        return Ok(None);
    };
    let model = Model::load(&path)?;
    Ok(Some((path, model)))
}

/// Whether there is anything to open a window on; asked first, because the answer is then a sentence.
fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos")))
        || ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"]
            .into_iter()
            .any(is_set)
}

impl From<eframe::Error> for WindowError {
    fn from(error: eframe::Error) -> Self {
        match error {
            eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => {
                log::debug!(target: "digitpad", "{error}");
                Self::NoDisplay {
                    reason: "the one that the environment names does not answer".to_owned(),
                }
            }
            eframe::Error::AppCreation(source) => Self::Start(source),
            error => Self::Graphics(Box::new(error)),
        }
    }
}

/// The window's content and what stands behind it.
#[derive(Debug)]
pub struct App {
    state: State,
    view: View,
    workers: Workers,
    /// Where the settings are kept when the window closes; `None` keeps none.
    folder: Option<PathBuf>,
    opened: Instant,
    window_size: [f32; 2],
}

impl App {
    /// The window's content, drawn by `ctx`. A model that was loaded from a file answers first.
    ///
    /// # Errors
    /// Only if the shipped model does not fit, which a test rules out.
    pub fn new(
        ctx: &Context,
        settings: Settings,
        loaded: Option<(PathBuf, Model)>,
    ) -> Result<Self, ModelError> {
        let window_size = settings.window_size;
        let state = State::new(settings, Model::built_in()?, loaded);
        Ok(Self {
            view: View::new(ctx),
            workers: Workers::new(ctx, &state),
            state,
            folder: None,
            opened: Instant::now(),
            window_size,
        })
    }

    /// Keeps finished trainings in a data folder, the drawings to learn from, and what is needed to go on with a
    /// training that is interrupted; asks whether to go on with one that was.
    pub fn use_data_folder(&mut self, data_folder: &Path) {
        let path = checkpoints::checkpoint_in(data_folder);
        self.workers.store_checkpoints_in(path);
        self.workers
            .store_runs_in(run_library::folder_in(data_folder));
        self.workers
            .store_corrections_in(corrections::file_in(data_folder));
    }

    /// What the window knows.
    pub fn state(&self) -> &State {
        &self.state
    }

    fn run(&mut self, ctx: &Context, effects: Vec<Effect>) {
        self.workers.run(ctx, &mut self.state, effects);
    }

    /// Takes in what the workers report. Each of them hands over a bounded number of messages at once.
    fn poll_workers(&mut self, ctx: &Context) {
        if let Some(response) = self.workers.predictor.take() {
            self.state.on_prediction(response);
        }
        let mut effects = Vec::new();
        if let Some(trainer) = &self.workers.trainer {
            self.state.on_progress(trainer.progress());
            self.state.on_batch_curve(trainer.curve());
            if let Some(model) = trainer.take_live_snapshot() {
                effects.extend(self.state.on_live_snapshot(model));
            }
            for message in trainer.drain() {
                effects.extend(self.state.on_trainer_message(message));
            }
        }
        if self.state.training.state.active_run().is_none() {
            // Its thread has said its last word and is joined at once.
            self.workers.trainer = None;
        }
        if let Some(evaluator) = &self.workers.evaluator {
            self.state.on_evaluation_progress(evaluator.progress());
            if let Some(message) = evaluator.take() {
                effects.extend(self.state.on_evaluator_message(message));
            }
        }
        if self.state.measuring.active_number().is_none() {
            self.workers.evaluator = None;
        }
        for outcome in self.workers.files.drain() {
            effects.extend(self.state.on_file_outcome(outcome));
        }
        self.run(ctx, effects);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        let dialog_is_open = self.workers.files.dialog_open_secs().is_some();
        if let Some(wait) = self.state.tick(self.opened.elapsed(), dialog_is_open) {
            ctx.request_repaint_after(wait);
        }
        self.poll_workers(ctx);
        if ctx.input(|input| input.viewport().close_requested()) && !self.state.close_requested() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            // The question is of no use behind other windows.
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(ViewportCommand::Focus);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let started = Instant::now();
        let ctx = ui.ctx().clone();
        // Zooming in makes points larger, not the window.
        let size = ctx.content_rect().size() * ctx.zoom_factor();
        self.window_size = size.into();
        for action in self.view.input_actions(&ctx, &self.state) {
            let effects = self.state.apply(action);
            self.run(&ctx, effects);
        }
        let actions = self.view.ui(ui, &self.state);
        if !actions.is_empty() {
            // What was drawn shows the state before them.
            ctx.request_repaint();
        }
        for action in actions {
            let effects = self.state.apply(action);
            self.run(&ctx, effects);
        }
        log::trace!(target: "digitpad", "frame drawn in {:?}", started.elapsed());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        let Some(folder) = &self.folder else { return };
        if let Err(error) = self.state.settings_to_save(self.window_size).save(folder) {
            log::error!(target: "digitpad", "{}", crate::error::chain(&error));
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;

    use super::*;

    #[test]
    fn zooming_in_leaves_the_window_its_size_for_the_next_start() {
        let mut harness = Harness::builder()
            .with_size([1100.0, 700.0])
            .build_eframe(|creation| {
                App::new(&creation.egui_ctx, Settings::default(), None).expect("the model fits")
            });
        for zoom in [1.0, 1.5] {
            harness.ctx.set_zoom_factor(zoom);
            harness.step();
            harness.step();
            let [width, height] = harness.state().window_size;
            let is_same = (width - 1100.0).abs() < 1.0 && (height - 700.0).abs() < 1.0;
            assert!(is_same, "zoomed by {zoom}: {width} by {height}");
        }
    }
}
