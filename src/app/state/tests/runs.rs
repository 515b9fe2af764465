//! The table of runs: actions on runs, and outcomes of the run library.

use super::{
    training::{finish, started},
    *,
};
use crate::{
    app::state::{models::Origin, runs::RunAction},
    data::{DataSource, preview::DatasetPreview},
    store::run_library::{RunLibraryOutcome, RunLibraryTask},
    training::{BatchCurve, Progress, config::Optimizer},
};

fn act(state: &mut State, action: RunAction) -> Vec<Effect> {
    state.apply(Action::Run(action))
}

fn library(effects: &[Effect]) -> Option<&RunLibraryTask> {
    effects.iter().find_map(|effect| match effect {
        Effect::Library(task) => Some(task),
        _ => None,
    })
}

fn failed(purpose: FilePurpose) -> FileOutcome {
    FileOutcome::Requested {
        request: FileRequest {
            number: 1000,
            purpose,
            content: None,
        },
        result: Err(file_error("the disk is gone".to_owned())),
    }
}

fn failed_load(run: u64) -> FileOutcome {
    FileOutcome::Library {
        loads: Some(run),
        result: Err(file_error("the disk is gone".to_owned())),
    }
}

fn hear(state: &mut State, outcome: RunLibraryOutcome) -> Vec<Effect> {
    state.on_file_outcome(FileOutcome::Library {
        loads: None,
        result: Ok(outcome),
    })
}

/// A state with a run that was trained just now, and its id.
fn trained() -> (State, u64) {
    let mut state = state();
    let run = started(&mut state);
    let effects = finish(&mut state, run);
    let Some(RunLibraryTask::Save(record, _)) = library(&effects) else {
        panic!("expected a save: {effects:?}");
    };
    let id = record.id;
    (state, id)
}

/// A state with a run of a former session, and its id.
fn former() -> (State, u64) {
    let (state, id) = trained();
    let record = state.runs.list()[0].record.clone();
    let mut next = super::state();
    hear(
        &mut next,
        RunLibraryOutcome::Listed(vec![record], Vec::new()),
    );
    assert_eq!(next.runs.list().len(), 1, "it is listed");
    (next, id)
}

#[test]
fn the_run_in_use_answers_after_a_restart() {
    let (mut before, id) = trained();
    assert_eq!(
        before.settings.model_in_use,
        ModelInUse::Run(id),
        "the trained one"
    );
    let record = before.runs.list()[0].record.clone();
    let list = || RunLibraryOutcome::Listed(vec![record.clone()], Vec::new());
    let mut next = State::new(before.settings.clone(), model(), None);
    let effects = hear(&mut next, list());
    assert!(
        matches!(library(&effects), Some(RunLibraryTask::Load(asked)) if *asked == id),
        "it is loaded: {effects:?}"
    );
    hear(&mut next, RunLibraryOutcome::Loaded(id, Arc::new(model())));
    assert_eq!(next.models.chosen().origin, Origin::Run(id), "and used");
    let file = Some((weight_file("w.safetensors"), Arc::new(model())));
    let mut other = State::new(before.settings.clone(), model(), file);
    let effects = hear(&mut other, list());
    assert!(
        library(&effects).is_none(),
        "a file of the command line stays"
    );
    let built_in = before.models.entries()[0].id;
    before.apply(Action::ChooseModel(built_in));
    let in_use = &before.settings.model_in_use;
    assert_eq!(*in_use, ModelInUse::BuiltIn, "back to the built-in one");
}

#[test]
fn an_earlier_run_is_loaded_once_and_then_used() {
    let (mut state, id) = former();
    let effects = act(&mut state, RunAction::Answer(id));
    assert!(
        matches!(library(&effects), Some(RunLibraryTask::Load(asked)) if *asked == id),
        "its weights are asked for: {effects:?}"
    );
    let effects = act(&mut state, RunAction::Answer(id));
    assert!(effects.is_empty(), "and not twice");
    let other = FilePurpose::SaveCurves;
    for (outcome, retries) in [(failed(other), false), (failed_load(id), true)] {
        state.on_file_outcome(outcome);
        let effects = act(&mut state, RunAction::Answer(id));
        assert_eq!(
            library(&effects).is_some(),
            retries,
            "again after its own failure, not after another"
        );
    }
    let effects = hear(&mut state, RunLibraryOutcome::Loaded(id, Arc::new(model())));
    assert!(uses_model(&effects), "the run's model is used");
    let effects = act(&mut state, RunAction::Answer(id));
    assert!(
        uses_model(&effects),
        "from then on without a file: {effects:?}"
    );
}

#[test]
fn the_settings_of_a_run_can_be_reused() {
    let (mut state, id) = former();
    let mut form = state.training.form.clone();
    form.draft.optimizer = Optimizer::MOMENTUM;
    form.from_folder = true;
    state.apply(Action::ChangeForm(Box::new(form)));
    let effects = act(&mut state, RunAction::UseSettings(id));
    assert!(effects.is_empty(), "no effect is needed");
    let config = state.runs.list()[0].record.config.clone();
    assert_eq!(state.training.form.config(), Ok(config), "as they were");
    assert!(
        state.training.form.from_folder,
        "the data are another matter"
    );
}

#[test]
fn settings_of_a_run_over_changed_ones_can_be_undone() {
    let (mut state, id) = former();
    let mut changed = state.training.form.clone();
    changed.draft.epochs = 77;
    state.apply(Action::ChangeForm(Box::new(changed.clone())));
    act(&mut state, RunAction::UseSettings(id));
    assert_ne!(state.training.form, changed, "the run's");
    let shown = state.notices.shown().expect("a notice");
    let undo = shown.buttons.first().expect("a button").action.clone();
    state.apply(undo);
    assert_eq!(state.training.form, changed, "as they were");
}

#[test]
fn the_number_of_a_run_is_not_used_again() {
    let (mut state, id) = trained();
    act(&mut state, RunAction::Rename(id, "Mine".to_owned()));
    let next = started(&mut state);
    finish(&mut state, next);
    let record = state.runs.list()[0].record.clone();
    assert_eq!(record.name, "Run 2", "after a rename");
    act(&mut state, RunAction::Delete(record.id));
    let mut restarted = State::new(state.settings.clone(), model(), None);
    let next = started(&mut restarted);
    finish(&mut restarted, next);
    assert_eq!(
        restarted.runs.list()[0].record.name,
        "Run 3",
        "after a deletion and a restart"
    );
}

#[test]
fn the_batches_of_a_run_are_stored() {
    let mut state = state();
    let run = started(&mut state);
    let mut curve = BatchCurve::default();
    for (seen, loss) in [(1, 2.0), (2, f64::NAN), (3, 1.0)] {
        curve.push(&Progress {
            images_seen: seen,
            images_total: 4,
            smoothed_loss: loss,
            ..Progress::default()
        });
    }
    state.on_batch_curve(curve);
    let effects = finish(&mut state, run);
    let Some(RunLibraryTask::Save(record, _)) = library(&effects) else {
        panic!("expected a save: {effects:?}");
    };
    let stored: Vec<usize> = record.batches.iter().map(|point| point.batch).collect();
    assert_eq!(stored, [1, 3], "those that a file can hold");
}

#[test]
fn a_pin_is_saved_as_soon_as_the_run_is_stored() {
    let (mut state, id) = trained();
    let effects = act(&mut state, RunAction::Pin(id, true));
    assert!(effects.is_empty(), "it is not in the library yet");
    hear(&mut state, RunLibraryOutcome::Saved(id, Vec::new()));
    for pin in [false, true] {
        let effects = act(&mut state, RunAction::Pin(id, pin));
        assert!(
            matches!(library(&effects), Some(RunLibraryTask::Update(record)) if record.is_pinned == pin),
            "{effects:?}"
        );
        assert_eq!(state.runs.list()[0].record.is_pinned, pin, "and shown");
    }
}

#[test]
fn a_run_is_deleted_only_after_a_confirmation() {
    let (mut state, id) = former();
    let effects = act(&mut state, RunAction::ConfirmDelete(id));
    assert!(effects.is_empty(), "nothing is gone");
    let asked = |state: &State| state.runs.asked().map(|run| run.record.id);
    assert_eq!(asked(&state), Some(id), "it is asked for this one");
    act(&mut state, RunAction::CancelDelete);
    assert_eq!(asked(&state), None, "a wrong click");
    assert_eq!(state.runs.list().len(), 1, "costs nothing");
    act(&mut state, RunAction::ConfirmDelete(id));
    let effects = act(&mut state, RunAction::Delete(id));
    assert!(
        matches!(library(&effects), Some(RunLibraryTask::Delete(gone)) if *gone == id),
        "{effects:?}"
    );
    assert_eq!(asked(&state), None, "the question is answered");
    assert!(state.runs.list().is_empty(), "and the run gone");
    act(&mut state, RunAction::ConfirmDelete(id));
    assert_eq!(asked(&state), None, "a missing run needs no confirmation");
}

#[test]
fn runs_deleted_for_space_leave_the_table() {
    let (mut state, id) = former();
    let run = started(&mut state);
    finish(&mut state, run);
    let newest = state.runs.list()[0].record.id;
    assert!(newest > id, "the newest is the first");
    assert!(state.models.unsaved().next().is_some(), "not saved yet");
    hear(&mut state, RunLibraryOutcome::Saved(newest, vec![id]));
    let ids: Vec<u64> = state.runs.list().iter().map(|run| run.record.id).collect();
    assert_eq!(ids, [newest], "the older run is deleted");
    assert!(state.models.unsaved().next().is_none(), "now it is");
}

#[test]
fn a_preview_is_requested_once_and_outdated_previews_are_ignored() {
    let mut state = state();
    let effects = state.apply(Action::PreviewData);
    assert!(
        matches!(
            &effects[..],
            [Effect::File(FileTask::PreviewData(source))] if *source == DataSource::Mnist
        ),
        "it is asked for: {effects:?}"
    );
    assert!(state.apply(Action::PreviewData).is_empty(), "once");
    assert!(
        state.training.data.of(&DataSource::Mnist).is_none(),
        "nothing is known yet"
    );
    let preview = DatasetPreview::read(&DataSource::Mnist).expect("it is built in");
    let folder = DataSource::Folder("/data/own".into());
    state.on_file_outcome(FileOutcome::DataPreviewed(
        folder.clone(),
        Ok(preview.clone()),
    ));
    assert!(
        state.training.data.of(&DataSource::Mnist).is_none(),
        "a preview of another source"
    );
    state.on_file_outcome(FileOutcome::DataPreviewed(DataSource::Mnist, Ok(preview)));
    let seen = state.training.data.of(&DataSource::Mnist);
    assert!(
        matches!(seen, Some(Ok(seen)) if seen.train_len() == 60_000),
        "now"
    );
    let mut form = state.training.form.clone();
    form.from_folder = true;
    form.folder = " /data/own ".to_owned();
    state.apply(Action::ChangeForm(Box::new(form)));
    let effects = state.apply(Action::PreviewData);
    assert_eq!(effects.len(), 1, "other data are looked at anew");
    assert!(
        state.training.data.of(&DataSource::Mnist).is_none(),
        "and are what is known now"
    );
    let error = || file_error("no such folder".to_owned());
    state.on_file_outcome(FileOutcome::DataPreviewed(folder.clone(), Err(error())));
    assert_eq!(
        state.training.data.of(&folder),
        Some(&Err(crate::error::chain(&error()))),
        "or why not"
    );
}
