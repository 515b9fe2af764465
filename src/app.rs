//! The window: its state, its workers, and the loop between them.

pub mod action;
pub mod state;

mod effects;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use egui::{Context, Pos2, Rect, Ui, Vec2, ViewportBuilder, ViewportCommand, ViewportId};

use self::{
    action::{Action, Effect},
    effects::Workers,
    state::State,
};
use crate::{
    error::{self, FileError, ModelError, StoreError, WindowError},
    model::file::Model,
    store::{
        checkpoints, corrections, history, run_library,
        settings::{self, Settings, WeightFile},
    },
    ui::View,
    worker::{
        file_tasks::{FileOutcome, FilePurpose, FileResult, FileTask},
        signals::on_end_signal,
    },
};

/// The time from a change of the settings to their file.
const SETTLED: Duration = Duration::from_secs(2);

/// Options of the window.
#[derive(Clone, Debug, Default)]
pub struct WindowOptions {
    /// The weight file to use instead of the built-in model.
    pub weights: Option<PathBuf>,
}

/// Opens the window and returns when it closes.
///
/// # Errors
/// When the weights are invalid, or no display can show the window.
pub fn run(options: WindowOptions) -> Result<(), WindowError> {
    let loaded = load(options)?;
    if !has_display() {
        return Err(WindowError::NoDisplay {
            reason: "neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned(),
        });
    }
    let folder = settings::folder();
    let loaded_settings = folder.as_deref().map(Settings::load);
    let (settings, error) = match loaded_settings {
        Some(Ok(settings)) => (settings, None),
        Some(Err(error)) => (Settings::default(), Some(error)),
        None => (Settings::default(), None),
    };
    // A file that can neither be read nor be moved away stays as it is.
    let is_free = match &error {
        None => true,
        Some(StoreError::Invalid { backup, .. }) => backup.is_some(),
        Some(_) => false,
    };
    let folder = folder.filter(|_| is_free);
    let mut viewport = ViewportBuilder::default()
        .with_title("Digitpad")
        .with_app_id("digitpad")
        .with_inner_size(settings.window_size)
        .with_min_inner_size(Settings::MIN_WINDOW_SIZE);
    if let Some(position) = settings.window_position {
        viewport = viewport.with_position(position);
    }
    match eframe::icon_data::from_png_bytes(include_bytes!("../assets/icon.png")) {
        Ok(icon) => viewport = viewport.with_icon(icon),
        Err(error) => log::warn!("the window's icon is invalid: {error}"),
    }
    let native = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        close_at_end_signal(&creation.egui_ctx);
        let mut app = App::new(&creation.egui_ctx, settings, loaded)?;
        app.folder = folder;
        if let Some(folder) = checkpoints::data_folder() {
            app.use_data_folder(&folder);
        }
        if let Some(error) = error {
            app.state.notices.error(error::chain(&error));
        }
        Ok(Box::new(app))
    });
    eframe::run_native("digitpad", native, create).map_err(WindowError::from)
}

/// Makes a signal to end the same as the close button: the drawing is stored, and unsaved work is asked for.
fn close_at_end_signal(ctx: &Context) {
    let ctx = ctx.clone();
    let is_set = on_end_signal(move || {
        ctx.send_viewport_cmd_to(ViewportId::ROOT, ViewportCommand::Close);
        ctx.request_repaint();
    });
    if !is_set {
        log::debug!(target: "digitpad", "a signal ends the window at once");
    }
}

/// Loads the weights that the command line names.
fn load(options: WindowOptions) -> Result<Option<(WeightFile, Arc<Model>)>, FileError> {
    let read = |path| FilePurpose::LoadWeights.read(path);
    Ok(match options.weights.map(read).transpose()? {
        Some(FileResult::Weights(file, model)) => Some((file, model)),
        _ => None,
    })
}

/// Whether a window at this place, in points, will be on a screen at the next start. A second screen may be gone by
/// then, and Windows and macOS show no window beyond their screens. The first screen begins at zero.
fn is_always_visible(frame: Rect, screen: Option<Vec2>) -> bool {
    let moves_windows = cfg!(all(unix, not(target_os = "macos")));
    let is_on_first = |size| Rect::from_min_size(Pos2::ZERO, size).contains(frame.min);
    moves_windows || screen.is_some_and(is_on_first)
}

/// Whether the environment names a display. Checked first, for a clear error.
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
                    reason: "the display that the environment names does not respond".to_owned(),
                }
            }
            eframe::Error::AppCreation(source) => Self::Start(source),
            error => {
                log::debug!(target: "digitpad", "{error}");
                Self::Graphics
            }
        }
    }
}

/// The window's content and its workers.
#[derive(Debug)]
pub struct App {
    state: State,
    view: View,
    workers: Workers,
    /// The folder of the settings file; `None` saves none.
    folder: Option<PathBuf>,
    /// The settings in the file, as far as this window knows.
    stored_settings: Settings,
    /// The settings that are being saved.
    saving_settings: Option<Settings>,
    /// The settings that could not be saved. They wait for a change, or for the end.
    unsaved_settings: Option<Settings>,
    opened: Instant,
    /// When to save changed settings, on the clock of `opened`.
    save_at: Option<Duration>,
}

impl App {
    /// The window's content, drawn by `ctx`. A loaded model is used instead of the built-in one.
    ///
    /// # Errors
    /// Only if the built-in model is invalid, which a test rules out.
    pub fn new(
        ctx: &Context,
        settings: Settings,
        loaded: Option<(WeightFile, Arc<Model>)>,
    ) -> Result<Self, ModelError> {
        let stored_settings = settings.clone();
        ctx.set_zoom_factor(settings.zoom);
        let mut state = State::new(settings, Model::built_in()?, loaded);
        state.offer_tour();
        let mut workers = Workers::new(ctx, &state);
        let reopens = state.reopen_weights();
        workers.run(ctx, &mut state, reopens);
        Ok(Self {
            view: View::new(ctx),
            workers,
            state,
            folder: None,
            stored_settings,
            saving_settings: None,
            unsaved_settings: None,
            opened: Instant::now(),
            save_at: None,
        })
    }

    /// Stores runs, corrections and checkpoints in a data folder. Offers to resume a checkpoint that is there.
    pub fn use_data_folder(&mut self, data_folder: &Path) {
        let path = checkpoints::checkpoint_in(data_folder);
        self.workers.store_checkpoints_in(path);
        self.workers
            .store_runs_in(run_library::folder_in(data_folder));
        let path = corrections::file_in(data_folder);
        self.state.evaluation.corrections = Some(path.clone());
        self.workers.store_corrections_in(path);
        let model = Arc::clone(self.state.models.in_use());
        self.workers
            .store_history_in(history::file_in(data_folder), model);
    }

    /// The state of the window.
    pub fn state(&self) -> &State {
        &self.state
    }

    fn apply(&mut self, ctx: &Context, actions: Vec<Action>) {
        for action in actions {
            let effects = self.state.apply(action);
            self.run(ctx, effects);
        }
        self.predict(ctx);
    }

    fn run(&mut self, ctx: &Context, effects: impl IntoIterator<Item = Effect>) {
        self.workers.run(ctx, &mut self.state, effects);
    }

    /// Asks for a prediction and for explanations if the pad changed: of several changes, only for the last.
    fn predict(&mut self, ctx: &Context) {
        let request = self.state.take_prediction_request();
        self.run(ctx, request);
        let request = self.state.take_explanation_request();
        self.run(ctx, request);
    }

    /// Saves changed settings after a moment, so that they survive a crash.
    fn save_settings(&mut self, ctx: &Context) {
        let Some(folder) = &self.folder else { return };
        let settings = self.state.settings_to_save();
        let is = |other: &Option<Settings>| other.as_ref() == Some(&settings);
        let is_handled = settings == self.stored_settings
            || is(&self.saving_settings)
            || is(&self.unsaved_settings);
        if is_handled {
            self.save_at = None;
            return;
        }
        if self.saving_settings.is_some() {
            return;
        }
        let now = self.opened.elapsed();
        let save_at = *self.save_at.get_or_insert(now + SETTLED);
        if now < save_at {
            ctx.request_repaint_after(save_at.saturating_sub(now));
            return;
        }
        self.save_at = None;
        self.saving_settings = Some(settings.clone());
        self.workers.files.submit(FileTask::SaveSettings {
            folder: folder.clone(),
            settings: Box::new(settings),
            loaded: Box::new(self.stored_settings.clone()),
        });
    }

    /// Takes the place of the window into the settings. A window that fills the screen keeps its place for later.
    fn note_window_place(&mut self, ctx: &Context) {
        let zoom = ctx.zoom_factor();
        let settings = &mut self.state.settings;
        settings.zoom = zoom;
        let viewport = ctx.input(|input| input.viewport().clone());
        if viewport.fullscreen == Some(true) {
            return;
        }
        // Zoom enlarges points, not the window.
        settings.window_size = (ctx.content_rect().size() * zoom).into();
        if let Some(frame) = viewport
            .outer_rect
            .filter(|frame| is_always_visible(*frame, viewport.monitor_size))
        {
            settings.window_position = Some((frame.min.to_vec2() * zoom).into());
        }
    }

    fn on_settings_saved(&mut self, is_saved: bool) {
        let settings = self.saving_settings.take();
        match settings {
            Some(settings) if is_saved => {
                self.stored_settings = settings;
                self.unsaved_settings = None;
            }
            settings => self.unsaved_settings = settings,
        }
    }

    /// Records a drawing that has settled.
    fn record_drawing(&mut self, ctx: &Context) {
        let mut effects = Vec::new();
        if let Some(wait) = self.state.record_settled(&mut effects) {
            ctx.request_repaint_after(wait);
        }
        self.run(ctx, effects);
    }

    /// Takes the workers' messages, a bounded number from each.
    fn poll_workers(&mut self, ctx: &Context) {
        if let Some(response) = self.workers.predictor.take() {
            self.state.on_prediction(response);
        }
        let mut effects = Vec::new();
        if let Some(explainer) = &self.workers.explainer {
            for response in explainer.take() {
                self.state.on_explanation(response);
            }
        }
        if let Some(trainer) = &self.workers.trainer {
            self.state.on_progress(trainer.progress());
            self.state.on_batch_curve(trainer.curve());
            self.state.on_layers(trainer.layers());
            trainer.inspect(self.state.inspects_training());
            trainer.set_slow(self.state.training.is_slow);
            if let Some(model) = trainer.take_live_snapshot() {
                effects.extend(self.state.on_live_snapshot(model));
            }
            for message in trainer.drain() {
                effects.extend(self.state.on_trainer_message(message));
            }
        }
        if self.state.training.state.active_run().is_none() {
            // Its thread has ended, so the join does not wait.
            self.workers.trainer = None;
        }
        if let Some(evaluator) = &self.workers.evaluator {
            self.state.on_evaluation_progress(evaluator.progress());
            if let Some(message) = evaluator.take() {
                effects.extend(self.state.on_evaluator_message(message));
            }
        }
        if self.state.evaluation.active_number().is_none() {
            self.workers.evaluator = None;
        }
        for outcome in self.workers.files.drain() {
            if let FileOutcome::Settings(result) = &outcome {
                self.on_settings_saved(result.is_ok());
            }
            effects.extend(self.state.on_file_outcome(outcome));
        }
        self.run(ctx, effects);
        self.predict(ctx);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        let dialog_is_open = self.workers.files.dialog_open_secs().is_some();
        if let Some(wait) = self.state.tick(self.opened.elapsed(), dialog_is_open) {
            ctx.request_repaint_after(wait);
        }
        self.poll_workers(ctx);
        self.record_drawing(ctx);
        self.save_settings(ctx);
        if ctx.input(|input| input.viewport().close_requested()) && !self.state.close_requested() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            // The question must not hide behind other windows.
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(ViewportCommand::Focus);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let started = Instant::now();
        let ctx = ui.ctx().clone();
        self.note_window_place(&ctx);
        let actions = self.view.input_actions(&ctx, &self.state);
        self.apply(&ctx, actions);
        let actions = self.view.ui(ui, &self.state);
        if !actions.is_empty() {
            // This frame shows the state before these actions.
            ctx.request_repaint();
        }
        self.apply(&ctx, actions);
        log::trace!(target: "digitpad", "frame drawn in {:?}", started.elapsed());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        let mut effects = Vec::new();
        self.state.record_drawing(&mut effects);
        for effect in effects {
            if let Effect::History(task, model) = effect {
                self.workers.access_history(task, model);
            }
        }
        let Some(folder) = &self.folder else { return };
        let settings = self.state.settings_to_save();
        if let Err(error) = settings.save(folder, &self.stored_settings) {
            log::error!(target: "digitpad", "{}", error::chain(&error));
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
    use crate::store::settings::ThemeChoice;

    #[test]
    fn zoom_does_not_change_the_saved_window_size() {
        let mut harness = Harness::builder()
            .with_size([1100.0, 700.0])
            .build_eframe(|creation| {
                App::new(&creation.egui_ctx, Settings::default(), None).expect("the model fits")
            });
        for zoom in [1.0, 1.5] {
            harness.ctx.set_zoom_factor(zoom);
            harness.step();
            harness.step();
            let [width, height] = harness.state().state.settings.window_size;
            let is_same = (width - 1100.0).abs() < 1.0 && (height - 700.0).abs() < 1.0;
            assert!(is_same, "zoomed by {zoom}: {width} by {height}");
        }
    }

    #[test]
    fn the_place_of_the_window_is_stored_soon_after_it_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut harness = Harness::builder().build_eframe(|creation| {
            App::new(&creation.egui_ctx, Settings::default(), None).expect("the model fits")
        });
        harness.state_mut().folder = Some(folder.path().to_owned());
        let stored = || {
            Settings::load(folder.path())
                .expect("it is valid")
                .window_position
        };
        let mut place = |at: Option<[f32; 2]>, fullscreen| {
            let viewports = &mut harness.input_mut().viewports;
            let viewport = viewports.entry(egui::ViewportId::ROOT).or_default();
            viewport.outer_rect =
                at.map(|at| Rect::from_min_size(at.into(), [800.0, 600.0].into()));
            viewport.monitor_size = Some([1920.0, 1080.0].into());
            viewport.fullscreen = Some(fullscreen);
            harness.run_steps(2);
            let app = harness.state_mut();
            // The time has passed.
            app.save_at = app.save_at.map(|_| Duration::ZERO);
            harness.step();
            while harness.state().saving_settings.is_some() {
                harness.step();
            }
        };
        place(None, false);
        assert_eq!(stored(), None, "the system tells no place");
        place(Some([30.0, 40.0]), false);
        assert_eq!(stored(), Some([30.0, 40.0]), "without an end of the window");
        place(Some([0.0, 0.0]), true);
        assert_eq!(stored(), Some([30.0, 40.0]), "full screen is no place");
    }

    #[test]
    fn settings_that_could_not_be_saved_are_saved_at_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let blocked = folder.path().join("settings");
        std::fs::write(&blocked, "a file in place of a folder").expect("writes");
        let mut harness = Harness::builder().build_eframe(|creation| {
            App::new(&creation.egui_ctx, Settings::default(), None).expect("the model fits")
        });
        let app = harness.state_mut();
        app.folder = Some(blocked.clone());
        app.state.settings.theme = ThemeChoice::Dark;
        app.save_at = Some(Duration::ZERO);
        while harness.state().unsaved_settings.is_none() {
            harness.step();
        }
        std::fs::remove_file(&blocked).expect("it is there");
        eframe::App::on_exit(harness.state_mut(), None);
        let stored = Settings::load(&blocked).expect("it is valid");
        assert_eq!(stored.theme, ThemeChoice::Dark, "the change is not lost");
    }
}
